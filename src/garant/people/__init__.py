"""Staff register. Empty: not built yet."""
