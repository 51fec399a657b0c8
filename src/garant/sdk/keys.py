"""The edge's public keys, as a JWK set on disk (RFC 7517, RFC 8037), followed as the file changes.

Rules:
- only Ed25519 keys with a `kid` count; keys of other kinds are passed over
- a file that holds a private key is refused: it must never reach an application
- the file is looked at again every ten seconds (a withdrawn key stops being accepted), and when an unknown `kid` arrives, but
  then once a second at most, so that a stranger's tokens cannot make the application read its disk without end
- a file that has become unreadable changes nothing: the last good keys stay, and a warning is logged
"""

import logging
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from garant.kernel.clock import Clock, SystemClock
from garant.kernel.errors import ConfigurationError
from garant.sdk.encoding import decode, plain, read_object

LOOK_EVERY = timedelta(seconds=10)
LOOK_FOR_UNKNOWN_EVERY = timedelta(seconds=1)
LARGEST_FILE = 65_536
"""Bytes."""

log = logging.getLogger(__name__)


class KeySet:
    """Public keys by `kid`. Safe to share between threads."""

    def __init__(self, keys: Mapping[str, Ed25519PublicKey], *, path: Path | None = None, clock: Clock | None = None) -> None:
        self._keys = dict(keys)
        self._path = path
        self._clock = clock or SystemClock()
        self._looked = self._clock.now()
        self._lock = threading.Lock()

    @classmethod
    def from_json(cls, document: str | bytes) -> "KeySet":
        """The keys of a JWK set. Raises ConfigurationError that says what is wrong with it."""
        return cls(_keys(document, "the JWK set"))

    @classmethod
    def from_file(cls, path: Path, *, clock: Clock | None = None) -> "KeySet":
        """The keys of a JWK set on disk, followed as the file changes. Raises ConfigurationError if it cannot be used now."""
        return cls(_read(path), path=path, clock=clock)

    def find(self, kid: str) -> Ed25519PublicKey | None:
        """The key named `kid`, or None."""
        now = self._clock.now()
        if self._path is not None and self._due(kid, now):
            with self._lock:
                if self._due(kid, now):
                    self._look(self._path, now)
        return self._keys.get(kid)

    def _due(self, kid: str, now: datetime) -> bool:
        interval = LOOK_EVERY if kid in self._keys else LOOK_FOR_UNKNOWN_EVERY
        return not timedelta(0) <= now - self._looked < interval

    def _look(self, path: Path, now: datetime) -> None:
        self._looked = now
        try:
            self._keys = _read(path)
        except ConfigurationError as error:
            log.warning("The last good keys stay in use: %s", error)


def _read(path: Path) -> dict[str, Ed25519PublicKey]:
    try:
        with path.open("rb") as file:
            document = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}; give the application read access to it") from error
    if len(document) > LARGEST_FILE:
        raise ConfigurationError(f"{path}: larger than {LARGEST_FILE} bytes; this is not a set of public keys")
    return _keys(document, str(path))


def _keys(document: str | bytes, name: str) -> dict[str, Ed25519PublicKey]:
    try:
        entries = read_object(document.encode() if isinstance(document, str) else document).get("keys")
    except ValueError as error:
        raise ConfigurationError(f'{name}: not a JWK set: {error}; it reads {{"keys": [...]}}') from error
    if not isinstance(entries, list):
        raise ConfigurationError(f'{name}: has no list "keys"')
    made: dict[str, Ed25519PublicKey] = {}
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("kty") != "OKP" or entry.get("crv") != "Ed25519":
            continue
        if "d" in entry:
            raise ConfigurationError(f"{name}: holds a private key; give the application the public file")
        kid, key = _key(entry, name)
        if kid in made:
            raise ConfigurationError(f"{name}: two keys are named {kid!r}")
        made[kid] = key
    if not made:
        raise ConfigurationError(f"{name}: holds no Ed25519 key with a kid")
    return made


def _key(entry: Mapping[str, object], name: str) -> tuple[str, Ed25519PublicKey]:
    try:
        kid = plain(entry.get("kid"), longest=128)
        return kid, Ed25519PublicKey.from_public_bytes(decode(plain(entry.get("x"), longest=64)))
    except ValueError as error:
        raise ConfigurationError(f"{name}: a key cannot be used: {error}") from error
