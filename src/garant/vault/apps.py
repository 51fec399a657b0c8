"""Django application of the vault area."""

from django.apps import AppConfig


class Vault(AppConfig):
    name = "garant.vault"
    label = "vault"
