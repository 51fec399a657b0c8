"""Django application of the continuity area."""

from django.apps import AppConfig


class Continuity(AppConfig):
    name = "garant.continuity"
    label = "continuity"
