"""Every request gets `request.garant`: a `Passage` with the tenant of the host and the verified identity, or None on a public page.

Place it before any middleware that looks at the user. It works in a synchronous and in an asynchronous stack. When `GARANT_USER`
names a function, `request.user` is what it returns for the request and the identity; it is not called for an anonymous visitor.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

from garant.kernel.errors import ConfigurationError
from garant.sdk.errors import AssertionRefused
from garant.sdk.gate import REFUSAL, Gate, Passage, tenant_of_host
from garant.sdk.keys import KeySet

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
        if self.hook is not None and request.garant.identity is not None:  # type: ignore[attr-defined]
            request.user = self.hook(request, request.garant)  # type: ignore[attr-defined, assignment]
        return self.get_response(request)

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        if self.hook is not None and request.garant.identity is not None:  # type: ignore[attr-defined]
            request.user = await sync_to_async(self.hook)(request, request.garant)  # type: ignore[attr-defined, assignment]
        return await cast("Awaitable[HttpResponseBase]", self.get_response(request))

    def _admit(self, request: HttpRequest) -> None:
        headers = [(key[5:], str(value)) for key, value in request.META.items() if key.startswith(PREFIX)]
        passage = self.gate.admit(host=request.META.get("HTTP_HOST", ""), path=request.path, headers=headers)
        for key in [key for key in request.META if key.startswith(PREFIX)]:
            del request.META[key]
        for name, value in passage.headers():
            request.META["HTTP_" + name.upper().replace("-", "_")] = value
        request.garant = passage  # type: ignore[attr-defined]


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
