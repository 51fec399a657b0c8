"""In whose name the transactions of this request, command or job speak to the database.

    with acting_as("saint-elan", purpose="seed"):
        with transaction.atomic():
            Survey.objects.create(...)

1. With the database engine `garant_django.database`, every transaction that begins inside carries the context, set in the round
   trip of its BEGIN. Statements outside a transaction carry none: row policies then show no row.
2. `GARANT_CONTEXT_KEY`: the file of the key that signs contexts. `GARANT_CONTEXT = "plain"`: unsigned settings `app.tenant`, `app.actor`,
   `app.purpose` instead, for an application whose SQL cannot be injected. Neither: the database is told nothing.
3. One organisation at a time: inside the context of one, that of another is refused.
"""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections

from garant.kernel.clock import SystemClock
from garant.kernel.errors import ConfigurationError, EngineError
from garant.sdk import acting as sdk
from garant.sdk import context as signed
from garant.sdk.acting import Acting, ContextMismatch, acting, current_tenant

__all__ = ["Acting", "ContextMismatch", "acting", "acting_as", "configured", "current_tenant", "tell"]

LIFE = timedelta(minutes=15)
"""Of a signed context, counted from the beginning of its transaction, which the database lets read and write no longer than that."""


def configured() -> bool:
    """Whether the database is told contexts at all."""
    return bool(getattr(settings, "GARANT_CONTEXT_KEY", "")) or getattr(settings, "GARANT_CONTEXT", "") == "plain"


@contextlib.contextmanager
def acting_as(tenant: str, *, actor: str = "", purpose: str = "service") -> Iterator[None]:
    """The context of one organisation, for every transaction inside; one that is open already takes it until the end of the block.

    The same organisation may be named again inside; another one raises ContextMismatch.
    """
    with sdk.acting_as(tenant, actor=actor, purpose=purpose) as new:
        everyone = connections.all(initialized_only=True) if new else []
        open_already = [each for each in everyone if each.in_atomic_block and each.vendor == "postgresql"]
        try:
            for each in open_already:
                tell(each.connection)
            yield
        finally:
            for each in open_already:
                if each.connection is not None and not each.needs_rollback:
                    _untell(each.connection)


def tell(connection: Any) -> None:
    """Begin a transaction on a psycopg connection in the present context, if there is one. Raises django's OperationalError."""
    said = acting()
    if said is None or not configured():
        return
    try:
        signed.begin(connection, _settings(said))
    except EngineError as error:
        raise OperationalError(str(error)) from error


def _untell(connection: Any) -> None:
    """Take the context away from a transaction that goes on."""
    if not configured():
        return
    empty = signed.plain_settings() if getattr(settings, "GARANT_CONTEXT", "") == "plain" else signed.signed_settings("")
    with contextlib.suppress(EngineError):  # a transaction that has failed ends anyway
        signed.begin(connection, empty)


def _settings(said: Acting) -> dict[str, str]:
    if getattr(settings, "GARANT_CONTEXT", "") == "plain":
        return signed.plain_settings(tenant=said.tenant, actor=said.actor, purpose=said.purpose)
    text = signed.sign(
        _key(str(getattr(settings, "GARANT_CONTEXT_KEY", ""))),
        tenant=said.tenant,
        actor=said.actor,
        purpose=said.purpose,
        expires=SystemClock().now() + LIFE,
    )
    return signed.signed_settings(text)


@cache
def _key(path: str) -> bytes:
    try:
        return signed.read_key(Path(path))
    except ConfigurationError as error:
        raise ImproperlyConfigured(f"GARANT_CONTEXT_KEY: {error}") from error
