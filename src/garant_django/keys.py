"""The keyring of this application, from the settings `GARANT_KEYRING` (its socket) and `GARANT_KEYRING_TOKEN` (the file of its token)."""

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from garant.sdk.keyring import Keyring, Sealed


class Keys(Protocol):
    """What seals and opens: `garant.sdk.keyring.Keyring`, or the stand-in of `garant.sdk.testing`."""

    def seal(self, *, tenant: str, table: str, column: str, row: str, value: bytes, data_class: str = ...) -> bytes: ...

    def unseal(self, *, tenant: str, table: str, column: str, row: str, envelope: bytes) -> bytes: ...

    def unseal_many(self, *, tenant: str, values: Iterable[Sealed]) -> list[bytes]: ...

    def index(self, *, tenant: str, column: str, value: str, values: int | None = ...) -> bytes: ...

    def wait(self, seconds: float) -> None: ...


_instead: ContextVar[Keys | None] = ContextVar("garant_keys", default=None)


def keyring() -> Keys:
    """The keyring. Raises ImproperlyConfigured that says which setting is missing."""
    instead = _instead.get()
    if instead is not None:
        return instead
    path, token = getattr(settings, "GARANT_KEYRING", ""), getattr(settings, "GARANT_KEYRING_TOKEN", "")
    if path and token:
        return _made(str(path), str(token))
    missing = "GARANT_KEYRING_TOKEN" if path else "GARANT_KEYRING"
    raise ImproperlyConfigured(f"{missing} is not set; garant_django needs it to seal values")


@contextlib.contextmanager
def use(keys: Keys) -> Iterator[Keys]:
    """Another keyring, for the length of a test."""
    token = _instead.set(keys)
    try:
        yield keys
    finally:
        _instead.reset(token)


@cache
def _made(path: str, token: str) -> Keyring:
    return Keyring(Path(path), Path(token))
