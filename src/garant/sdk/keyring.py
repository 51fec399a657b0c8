"""Keys of the protected application: sealing and opening its values, by a lease that must be confirmed.

    keyring = Keyring(Path("/var/lib/garant/keyring/keys.sock"), Path("/var/lib/garant/secrets/keyring-sondage"))
    envelope = keyring.seal(tenant="saint-elan", table="person", column="name", row=str(id), value=b"...")
    keyring.unseal(tenant="saint-elan", table="person", column="name", row=str(id), envelope=envelope)
    keyring.index(tenant="saint-elan", column="person.email", value="elodie@example.org")

1. A key is used only while the tenant's epoch was confirmed at most one lease ago (500 ms), counted from the moment the question was
   *sent*. Otherwise the keyring is asked; where it does not answer, nothing is opened (`KeysUnavailable`), and once the tenant's keys are
   suspended its keys are forgotten (`KeysSuspended`). So no process opens a value later than a second after a suspension.
2. The clock of the lease runs while the machine sleeps.
3. A value is sealed here, not by a request: one request each half second and tenant, whatever is sealed.
4. One kept-alive connection for each thread; a connection that has died meanwhile is opened again, once.
5. A child of a fork starts with no connection of its parent's. Nonces are drawn one by one, so none is drawn twice.
6. A key that was rotated away still opens; what is sealed takes the new one within a lease. A key seals as many values as the keyring
   allowed, then it is asked for again: random nonces wear out.

Standard library and `cryptography` alone; knows no framework. Safe to share between threads.
"""

import base64
import http.client
import json
import os
import socket
import threading
import time
import uuid
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import clock_gettime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from garant.kernel.errors import ConfigurationError, InputError
from garant.sdk import envelope as sealed
from garant.sdk.blind import BlindIndex
from garant.sdk.envelope import Column, Place, SealError
from garant.sdk.errors import KeysSuspended, KeysUnavailable

DEFAULT_CLASS = "default"
INDEX_CLASS = "index"
LEASE = timedelta(milliseconds=500)
PATIENCE = timedelta(milliseconds=800)
"""How long an answer is waited for, in all."""
ACTIVE_FOR = 3600.0
"""Seconds after which the key to seal with is asked for again, however little it sealed."""
LARGEST_ANSWER = 1_048_576
MOST_READY = 10_000
"""Columns under a key that one process holds ready, for all tenants together."""
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True)
class Sealed:
    """One value in a batch: where it lives, and its envelope."""

    table: str
    column: str
    row: str
    envelope: bytes


@dataclass
class _Key:
    id: uuid.UUID
    region: str
    aes: AESGCM
    material: bytes = field(repr=False)
    left: int = 0
    """Values that it may still seal. Counted without a lock: some too many among threads, which the keyring's margin bears."""
    until: float = 0.0
    """When it is asked for again, on our clock."""


@dataclass
class _Tenant:
    """What is known of one tenant at one epoch. `confirmed`: when the last confirmed question was sent, on our clock."""

    id: uuid.UUID
    epoch: int
    confirmed: float
    keys: dict[bytes, _Key] = field(default_factory=dict)
    active: dict[str, _Key] = field(default_factory=dict)
    sealing: dict[tuple[str, str, str], tuple[_Key, Column]] = field(default_factory=dict)
    columns: dict[tuple[str, str, bytes], Column] = field(default_factory=dict)
    indexes: dict[tuple[str, int | None], BlindIndex] = field(default_factory=dict)


class Keyring:
    """The client of one keyring. `token`: the file that holds it, or the token itself. `lease`, `patience`: see above."""

    def __init__(self, path: Path, token: Path | str, *, lease: timedelta = LEASE, patience: timedelta = PATIENCE) -> None:
        self._path, self._token = path, token
        self._lease, self._patience = lease.total_seconds(), patience.total_seconds()
        self._tenants: dict[str, _Tenant] = {}
        self._held = threading.local()
        _living.add(self)

    # What an application calls

    def seal(self, *, tenant: str, table: str, column: str, row: str, value: bytes, data_class: str = DEFAULT_CLASS) -> bytes:
        """The envelope of `value`, which opens at this place only. Raises KeysSuspended, KeysUnavailable."""
        known, now = self._tenants.get(tenant), clock_gettime(CLOCK)
        if known is None or not 0 <= now - known.confirmed <= self._lease:
            known = self._confirm(tenant)
        ready = known.sealing.get((table, column, data_class))
        if ready is None or ready[0].left < 1 or now > ready[0].until:
            known, key = self._active(tenant, data_class)
            ready = known.sealing[table, column, data_class] = key, self._column(known, key, table, column)
        ready[0].left -= 1
        return ready[1].seal(row, value)

    def unseal(self, *, tenant: str, table: str, column: str, row: str, envelope: bytes) -> bytes:
        """What was sealed at this very place. Raises SealError (damaged, moved, another's), KeysSuspended, KeysUnavailable."""
        envelope = bytes(envelope)
        known = self._tenants.get(tenant)
        if known is None or not 0 <= clock_gettime(CLOCK) - known.confirmed <= self._lease:
            known = self._confirm(tenant)
        found = known.columns.get((table, column, envelope[2:18]))
        if found is not None and envelope[1] == sealed.AES_256_GCM:
            return found.unseal(row, envelope)
        return self._unseal_first(tenant, table, column, row, envelope)

    def unseal_many(self, *, tenant: str, values: Iterable[Sealed]) -> list[bytes]:
        """The plaintexts, in order. The lease is looked at for each value: a long list stops within it too."""
        return [self.unseal(tenant=tenant, table=each.table, column=each.column, row=each.row, envelope=each.envelope) for each in values]

    def index(self, *, tenant: str, column: str, value: str, values: int | None = None) -> bytes:
        """The blind index of `value` in `table.column`. `values`: how many different ones there may be (see `garant.sdk.blind`)."""
        known = self._confirmed(tenant)
        made = known.indexes.get((column, values))
        if made is None:
            known, key = self._active(tenant, INDEX_CLASS)
            made = known.indexes[column, values] = BlindIndex(key.material, known.id, column, values=values)
        return made(value)

    def wait(self, seconds: float) -> None:
        """Until the keyring answers, at most `seconds`: for what runs once at a start. Raises KeysUnavailable."""
        end = _now() + seconds
        while True:
            try:
                self._ask("GET", "/healthz", None)
            except KeysUnavailable:
                if _now() > end:
                    raise
                time.sleep(0.1)
            else:
                return

    # The lease

    def _confirmed(self, tenant: str) -> _Tenant:
        """What is known of a tenant, confirmed within the lease."""
        known = self._tenants.get(tenant)
        if known is not None and 0 <= _now() - known.confirmed <= self._lease:
            return known
        return self._confirm(tenant)

    def _confirm(self, tenant: str) -> _Tenant:
        end = _now() + self._patience
        while True:
            sent = _now()
            answer = self._ask_of(tenant, "GET", f"/v1/epoch/{_slug(tenant)}", None, left=end - sent)
            if answer.get("state") != "active":
                self._tenants.pop(tenant, None)
                raise KeysSuspended()
            known = self._seen(tenant, answer, sent)
            if _now() - sent <= self._lease:
                return known
            if _now() > end:
                raise KeysUnavailable("the keyring answers too slowly to confirm a lease")

    def _seen(self, tenant: str, answer: Mapping[str, Any], sent: float) -> _Tenant:
        """Take an answer's epoch: the same one prolongs the lease, another one forgets every key of the tenant."""
        id_, epoch = uuid.UUID(answer["tenant"]), int(answer["epoch"])
        known = self._tenants.get(tenant)
        if known is None or known.epoch != epoch or known.id != id_:
            known = self._tenants[tenant] = _Tenant(id_, epoch, sent)
        known.confirmed = max(known.confirmed, sent)
        return known

    # Keys

    def _active(self, tenant: str, data_class: str) -> tuple[_Tenant, _Key]:
        """The key that seals values of this class now."""
        known = self._confirmed(tenant)
        found = known.active.get(data_class)
        if found is not None and found.left > 0 and _now() <= found.until:
            return known, found
        return self._fetch(tenant, {"class": data_class}, data_class)

    def _fetch(self, tenant: str, wanted: Mapping[str, str], data_class: str = "") -> tuple[_Tenant, _Key]:
        """Ask for a key; its answer confirms the lease too, if it came in time."""
        sent = _now()
        answer = self._ask_of(tenant, "POST", "/v1/keys", {"tenant": tenant, **wanted}, left=self._patience)
        material = base64.b64decode(answer["material"], validate=True)
        sealed.require_key(material, bytes.fromhex(answer["kcv"]), f"key {answer['key']}")
        known = self._seen(tenant, answer, sent)
        if _now() - known.confirmed > self._lease:
            raise KeysUnavailable("the keyring answers too slowly to confirm a lease")
        key = _Key(uuid.UUID(answer["key"]), answer["region"], AESGCM(material), material, int(answer["messages"]), sent + ACTIVE_FOR)
        known.keys[key.id.bytes] = key
        if data_class:
            if key.left < 1:
                raise KeysUnavailable(f"the keyring gave a key of class {data_class} that may not seal")
            known.active[data_class] = key
        return known, key

    def _column(self, known: _Tenant, key: _Key, table: str, column: str) -> Column:
        name = (table, column, key.id.bytes)
        found = known.columns.get(name)
        if found is None:
            if len(known.columns) >= MOST_READY:
                known.columns.clear()
                known.sealing.clear()
            found = Column(key.aes, key.id, region=key.region, tenant=known.id, table=table, column=column)
            known.columns[name] = found
        return found

    def _unseal_first(self, tenant: str, table: str, column: str, row: str, envelope: bytes) -> bytes:
        """A key or a column met for the first time, or an envelope that commits to its key."""
        algorithm, key_id = sealed.algorithm_of(envelope), sealed.key_id_of(envelope)
        known = self._confirmed(tenant)
        key = known.keys.get(key_id.bytes)
        if key is None:
            known, key = self._fetch(tenant, {"key": str(key_id)})
        if algorithm == sealed.COMMITTING:
            return sealed.unseal_committing(key.material, Place(key.region, known.id, table, column, row), envelope)
        return self._column(known, key, table, column).unseal(row, envelope)

    # The way to the keyring

    def _ask_of(self, tenant: str, method: str, target: str, body: Mapping[str, object] | None, *, left: float) -> Mapping[str, Any]:
        """A question about one tenant; what it says of the tenant's keys is obeyed at once."""
        status, answer = self._ask(method, target, body, left=left)
        if status == 200:
            return answer
        word, detail = str(answer.get("error", "")), str(answer.get("detail", ""))
        if status == 403 and word == "suspended":
            self._tenants.pop(tenant, None)
            raise KeysSuspended()
        if status == 401:
            raise ConfigurationError(f"the keyring at {self._path} refuses this token: give the application its own keyring secret")
        if status == 404 and method == "POST":
            raise SealError(detail)
        if status == 404:
            raise KeysUnavailable(f"the keyring knows no organisation {tenant!r}")
        raise KeysUnavailable(f"the keyring answered {status}: {detail or word}")

    def _ask(
        self, method: str, target: str, body: Mapping[str, object] | None, *, left: float | None = None
    ) -> tuple[int, Mapping[str, Any]]:
        """One question over this thread's connection. One that died since the last question is opened again, once."""
        left = max(0.05, self._patience if left is None else left)
        held: _Connection | None = getattr(self._held, "connection", None)
        try:
            if held is not None:
                try:
                    return self._exchange(held, method, target, body, left)
                except (http.client.HTTPException, ConnectionError):
                    held.close()
            self._held.connection = _Connection(self._path)
            return self._exchange(self._held.connection, method, target, body, left)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._drop()
            raise KeysUnavailable(f"the keyring at {self._path} does not answer: {error or type(error).__name__}") from error

    def _exchange(
        self, connection: "_Connection", method: str, target: str, body: Mapping[str, object] | None, left: float
    ) -> tuple[int, Mapping[str, Any]]:
        connection.limit(left)
        headers = {"Host": "keyring", "Authorization": f"Bearer {self._word()}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, target, body=json.dumps(body).encode() if body is not None else None, headers=headers)
        answer = connection.getresponse()
        content = answer.read(LARGEST_ANSWER)
        if answer.headers.get_content_type() != "application/json":
            return answer.status, {}
        found = json.loads(content)
        return answer.status, found if isinstance(found, dict) else {}

    def _word(self) -> str:
        if isinstance(self._token, str):
            return self._token
        try:
            return self._token.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self._token}: the token of the keyring cannot be read: {error}") from error

    def _drop(self) -> None:
        held: _Connection | None = getattr(self._held, "connection", None)
        if held is not None:
            held.close()
            self._held.connection = None

    def _after_fork(self) -> None:
        """The parent's connections are the parent's: this process closes its copies and opens its own."""
        self._drop()
        self._held = threading.local()


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("keyring")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))

    def limit(self, seconds: float) -> None:
        """Every step of the next exchange takes at most this long."""
        self.timeout = seconds
        if self.sock is not None:
            self.sock.settimeout(seconds)


_living: "weakref.WeakSet[Keyring]" = weakref.WeakSet()


def _forget_connections() -> None:
    for keyring in list(_living):
        keyring._after_fork()


os.register_at_fork(after_in_child=_forget_connections)


def _now() -> float:
    return clock_gettime(CLOCK)


def _slug(tenant: str) -> str:
    if not tenant or not all(character.isalnum() or character == "-" for character in tenant) or not tenant.isascii():
        raise InputError(f"{tenant!r} is not the short name of an organisation; sealed values belong to one")
    return tenant
