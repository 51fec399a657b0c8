"""Django application of the audit area."""

from django.apps import AppConfig


class Audit(AppConfig):
    name = "garant.audit"
    label = "audit"
