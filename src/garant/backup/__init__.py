"""Tenant backups and restore drills. Empty: not built yet."""
