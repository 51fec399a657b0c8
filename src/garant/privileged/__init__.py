"""Staff entries on authorisation. Empty: not built yet."""
