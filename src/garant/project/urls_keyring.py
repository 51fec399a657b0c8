"""Addresses of the keyring process. Here the vault, which knows no tenants, meets those of identity."""

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import path

from garant.identity.queries import tenant_of_slug
from garant.identity.service import tenant_transaction
from garant.kernel.clock import SystemClock
from garant.project.runtime import Runtime
from garant.vault.views import Keyring

KNOWN: dict[str, uuid.UUID] = {}
"""Short names seen so far: an organisation keeps its own for life."""


@contextlib.contextmanager
def transaction_of(slug: str) -> Iterator[uuid.UUID]:
    """The open transaction of the organisation with this short name. Raises LookupError, also for the operator's own: it is no tenant of
    the application."""
    tenant = KNOWN.get(slug)
    if tenant is None:
        with tenant_transaction(None, scope="operator"):
            found = tenant_of_slug(slug)
        if found is None or found.operator:
            raise LookupError(slug)
        tenant = KNOWN[slug] = found.id
    with tenant_transaction(tenant):
        yield tenant


def digest() -> bytes:
    """Of the application's token; read each time, so that a new token holds at once."""
    return Runtime(Path(settings.DATA)).token_digest(f"keyring-{settings.GARANT.application.name}")


keyring = Keyring(digest=digest, transaction_of=transaction_of, clock=SystemClock())
urlpatterns = [
    path("v1/keys", keyring.keys),
    path("v1/epoch/<slug:tenant>", keyring.epoch),
    path("v1/seal", keyring.seal),
    path("v1/unseal", keyring.unseal),
    path("v1/index", keyring.index),
    path("healthz", keyring.health),
]


def not_there(_: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001 - Django names it
    """Django's own page needs templates, which this process has none of."""
    return JsonResponse({"error": "unknown", "detail": "there is nothing at this address; docs/sdk.md lists them"}, status=404)


def failed(_: HttpRequest) -> JsonResponse:
    """Nothing of what happened: it is in the log."""
    return JsonResponse({"error": "unavailable", "detail": "the keyring failed; its log says how"}, status=500)


def not_understood(_: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001 - Django names it
    return JsonResponse({"error": "bad_request", "detail": "this request cannot be read"}, status=400)


handler400, handler404, handler500 = not_understood, not_there, failed
