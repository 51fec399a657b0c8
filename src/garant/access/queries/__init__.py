"""Reads of the access area, in the context of the transaction."""
