"""Rows that hold keys; nobody but the vault imports them."""
