"""Garant for SQLAlchemy. Empty: not built yet."""
