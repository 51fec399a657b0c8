"""Surveys of an organisation: written by its authors, answered by anybody, read by its members."""
