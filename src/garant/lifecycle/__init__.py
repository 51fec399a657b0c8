"""Deletion to destruction. Empty: not built yet."""
