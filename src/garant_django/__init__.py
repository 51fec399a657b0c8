"""Garant for a Django application: a middleware over `garant.sdk`."""
