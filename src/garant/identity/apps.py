"""Django application of the identity area."""

from django.apps import AppConfig


class Identity(AppConfig):
    name = "garant.identity"
    label = "identity"
