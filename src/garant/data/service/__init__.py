"""Verbs of the data area, one module a subject."""
