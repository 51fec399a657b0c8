"""Every request gets `request.garant`: a `Passage` with the tenant of the host and the verified identity, or None on a public page.

Place it before any middleware that looks at the user. It works in a synchronous and in an asynchronous stack. When `GARANT_USER`
names a function, `request.user` is what it returns for the request and the identity; it is not called for an anonymous visitor.

Where the database is told contexts (`garant_django.context`), each request of an organisation is one transaction in its context, the user's
look-up included; an answer of 500 or more rolls it back.
"""

import contextlib
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

from garant.kernel.errors import ConfigurationError
from garant.sdk.errors import AssertionRefused
from garant.sdk.gate import REFUSAL, Gate, Passage, tenant_of_host
from garant.sdk.keys import KeySet
from garant_django import context

PREFIX = "HTTP_X_GARANT_"
UserHook = Callable[[HttpRequest, Passage], object]


class GarantIdentity:
    """The door before the views. Refuses (401) whatever has no valid assertion outside `GARANT_PUBLIC`."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        self.gate = gate_from_settings()
        hook = _setting("GARANT_USER")
        self.hook: UserHook | None = import_string(hook) if hook else None
        self.asynchronous = iscoroutinefunction(get_response)
        if self.asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        try:
            self._admit(request)
        except AssertionRefused:
            return _refusing() if self.asynchronous else refusal()
        if self.asynchronous:
            return self._later(request)
        passage: Passage = request.garant  # type: ignore[attr-defined]
        if not passage.tenant or not context.configured():
            return self._inside(request, passage)
        with _context_of(passage), transaction.atomic():
            response = self._inside(request, passage)
            if response.status_code >= 500:
                transaction.set_rollback(True)
            return response

    def _inside(self, request: HttpRequest, passage: Passage) -> HttpResponseBase:
        self._find_user(request, passage)
        return cast("HttpResponseBase", self.get_response(request))

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        """Asynchronous views open their transactions themselves, in `sync_to_async`; they begin in the request's context."""
        passage: Passage = request.garant  # type: ignore[attr-defined]
        told = bool(passage.tenant) and context.configured()
        with _context_of(passage) if told else contextlib.nullcontext():
            if self.hook is not None and passage.identity is not None:
                await sync_to_async(transaction.atomic(self._find_user) if told else self._find_user)(request, passage)
            return await cast("Awaitable[HttpResponseBase]", self.get_response(request))

    def _find_user(self, request: HttpRequest, passage: Passage) -> None:
        if self.hook is not None and passage.identity is not None:
            request.user = self.hook(request, passage)  # type: ignore[assignment]

    def _admit(self, request: HttpRequest) -> None:
        headers = [(key[5:], str(value)) for key, value in request.META.items() if key.startswith(PREFIX)]
        passage = self.gate.admit(host=request.META.get("HTTP_HOST", ""), path=request.path, headers=headers)
        for key in [key for key in request.META if key.startswith(PREFIX)]:
            del request.META[key]
        for name, value in passage.headers():
            request.META["HTTP_" + name.upper().replace("-", "_")] = value
        request.garant = passage  # type: ignore[attr-defined]


def _context_of(passage: Passage) -> contextlib.AbstractContextManager[None]:
    """The database's context of a request: the organisation of its host, and who is signed in there."""
    return context.acting_as(passage.tenant, actor=str(passage.identity.user) if passage.identity else "visitor")


def gate_from_settings() -> Gate:
    """The gate that the settings describe. Raises ImproperlyConfigured that says which setting is wrong."""
    for name in ("GARANT_KEYS", "GARANT_APPLICATION"):
        if not _setting(name):
            raise ImproperlyConfigured(f"{name} is not set; garant_django needs it to verify who is asking")
    public = getattr(settings, "GARANT_PUBLIC", ())
    if isinstance(public, str):
        raise ImproperlyConfigured(f"GARANT_PUBLIC is a list of path prefixes, not the text {public!r}")
    tenant_of = _setting("GARANT_TENANT_OF")
    return Gate(
        keys=_keys(_setting("GARANT_KEYS")),
        application=_setting("GARANT_APPLICATION"),
        public=tuple(public),
        tenant_of=import_string(tenant_of) if tenant_of else tenant_of_host,
    )


def refusal() -> HttpResponse:
    """The 401 answer, in both languages, never cached."""
    return HttpResponse(REFUSAL, status=401, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


async def _refusing() -> HttpResponse:
    return refusal()


def _setting(name: str) -> str:
    return str(getattr(settings, name, ""))


@cache
def _keys(path: str) -> KeySet:
    try:
        return KeySet.from_file(Path(path))
    except ConfigurationError as error:
        raise ImproperlyConfigured(f"GARANT_KEYS: {error}") from error
