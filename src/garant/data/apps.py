"""Django application of the data area."""

from django.apps import AppConfig


class Data(AppConfig):
    name = "garant.data"
    label = "data"
