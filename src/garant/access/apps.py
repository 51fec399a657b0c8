"""Django application of the access area."""

from importlib import import_module

from django.apps import AppConfig


class Access(AppConfig):
    name = "garant.access"
    label = "access"

    def ready(self) -> None:
        """Checks only: they refuse insecure settings."""
        import_module("garant.access.checks")
