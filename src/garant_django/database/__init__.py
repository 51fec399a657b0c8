"""Django's PostgreSQL engine, whose transactions begin in the context of `garant_django.context`: `"ENGINE": "garant_django.database"`."""
