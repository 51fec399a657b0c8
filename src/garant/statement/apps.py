"""Django application of the statement area."""

from django.apps import AppConfig


class Statement(AppConfig):
    name = "garant.statement"
    label = "statement"
