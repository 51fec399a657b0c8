"""Composition root: settings, addresses, the registry of promises, processes, commands."""
