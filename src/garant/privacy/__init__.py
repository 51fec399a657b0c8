"""Requests of persons, consent, restriction, incidents. Empty: not built yet."""
