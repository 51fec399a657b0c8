"""Data map, placement, isolation. Empty: not built yet."""
