"""Which engines hold the data: what the map says of its stores, and what answers at their addresses.

A store is reached where its `where` says: `application` (the application's own database), `host:port`, or a URL with a host. A directory
of files is no server: its engine is the map's word, which a promise may contradict but never rests on.

Each run also asks a listener of its own that speaks like another engine, and must hear the difference.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from garant.data.engines.mapped import map_of
from garant.data.policy.engines import absent_kinds, wanted_kinds
from garant.data.policy.map import Store
from garant.drivers.storewire import Seen, identify
from garant.kernel.canonical import Json
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise

PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "sqlserver": 1433, "mongodb": 27017, "redis": 6379}
SERVED = frozenset({"database", "cache", "logs", "queue", "search"})
"""Kinds whose server is asked; files and objects are looked at otherwise."""
DECOY = b"\x4a\x00\x00\x00\x0a8.0.0-temoin\x00" + b"\x00" * 20


class Engines:
    """Engine of `data.engine`. `database`: words of the connection to the application's database."""

    def __init__(self, database: Mapping[str, str | int], path: Path | None) -> None:
        self._database, self._path = database, path

    def apply(self, promise: Promise) -> tuple[str, ...]:  # noqa: ARG002 - the engine's shape
        """Nothing: an engine is chosen, not applied."""
        return ()

    def observe(self, promise: Promise) -> Observation:
        """Every store of the kinds that the promise names."""
        made = map_of(self._path)
        kinds = wanted_kinds(promise)
        stores = [each for each in made.stores if each.kind in kinds]
        seen: dict[str, Json] = {}
        checked = 0
        for store in stores:
            found, host = self._look(store)
            checked += found != ""
            seen[store.name] = {"kind": store.kind, "says": store.engine, "seen": found, "host": host}
        facts: dict[str, Json] = {"stores": seen, "absent": absent_kinds(promise, {each.kind for each in stores})}
        return Observation(checked=checked, in_scope=len(stores), facts=facts, canary=_canary())

    def _look(self, store: Store) -> tuple[str, str]:
        """The engine as seen, and the host's name where it tells something (a provider's); '' when nobody answers."""
        if store.kind not in SERVED or store.engine in ("local", "journald"):
            return f"map:{store.engine}", ""
        host, port = self._address(store)
        if not host:
            return "", ""
        try:
            return identify(host, port).engine, "" if host.startswith("/") or host in ("127.0.0.1", "localhost") else host
        except EngineError:
            return "", host

    def _address(self, store: Store) -> tuple[str, int]:
        if store.where in ("", "application"):
            return str(self._database.get("host", "")), int(self._database.get("port", 5432))
        parts = urlsplit(store.where if "//" in store.where else f"//{store.where}")
        try:
            return parts.hostname or "", parts.port or PORTS.get(store.engine, 0)
        except ValueError:
            return "", 0


def _canary() -> Canary:
    with decoy() as port:
        return Canary.HELD if identify("127.0.0.1", port) == Seen("mysql", "8.0.0-temoin") else Canary.MISSED


@contextlib.contextmanager
def decoy() -> Iterator[int]:
    """A listener on the loopback that greets like a MySQL of our own making; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def greet() -> None:
            with contextlib.suppress(OSError):
                line, _ = listener.accept()
                with line:
                    line.sendall(DECOY)

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join(5)
