"""Django application of the access area."""

from django.apps import AppConfig


class Access(AppConfig):
    name = "garant.access"
    label = "access"
