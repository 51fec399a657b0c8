"""Garant for SQLAlchemy 2: sealed columns (`garant_sqlalchemy.types`) and the context of transactions (`garant_sqlalchemy.context`)."""
