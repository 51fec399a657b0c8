"""Tenants, their users and roles; the transaction that carries the tenant."""
