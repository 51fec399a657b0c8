"""Django application of the assurance area."""

from django.apps import AppConfig


class Assurance(AppConfig):
    name = "garant.assurance"
    label = "assurance"
