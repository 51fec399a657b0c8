"""Django application of the web area."""

from django.apps import AppConfig


class Web(AppConfig):
    name = "garant.web"
    label = "web"
