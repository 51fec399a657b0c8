"""Customers come in: password, second factor, sessions, addresses, roles, decide()."""
