"""Django application of the statement area."""

from importlib import import_module

from django.apps import AppConfig


class Statement(AppConfig):
    name = "garant.statement"
    label = "statement"

    def ready(self) -> None:
        import_module("garant.statement.checks")
