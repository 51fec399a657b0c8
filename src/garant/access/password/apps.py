"""Django application of the optional password table."""

from django.apps import AppConfig


class Password(AppConfig):
    name = "garant.access.password"
    label = "access_password"
