"""Garant for a Django application: `garant_django.middleware.GarantIdentity` and `garant_django.access.role_required`.

Settings: `GARANT_KEYS` (path of the public key file), `GARANT_APPLICATION` (its name at the edge), `GARANT_PUBLIC` (path prefixes
that need no identity), and optionally `GARANT_USER` (dotted path of a function that maps an identity to the application's own user)
and `GARANT_TENANT_OF` (dotted path of a function that gives the tenant of a host).
"""
