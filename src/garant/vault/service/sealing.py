"""Sealing and opening values; leasing a key to the keyring of applications."""

import os
import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from garant.kernel.errors import ConfigurationError
from garant.sdk import envelope as sealed
from garant.vault import policy
from garant.vault.models import DataKey
from garant.vault.policy.counting import BLOCK
from garant.vault.policy.states import KeyState, RingState
from garant.vault.service.counting import count
from garant.vault.service.gate import require_release, require_still
from garant.vault.service.keys import DEFAULT_CLASS, label
from garant.vault.service.setting import store
from garant.vault.service.states import KeySuspended, UnknownKey, require_ring

REMEMBERED = 10_000
"""Data keys that one process holds ready."""

Name = tuple[Path, uuid.UUID, uuid.UUID]
"""Key store, tenant, key id."""


@dataclass(frozen=True)
class Leased:
    """A data key in clear, for a process that seals and opens by itself. Good only while the tenant's epoch is confirmed to be `epoch`.

    `state`: what this key may still do, `active` or `decrypt_only`. `kcv`: its check value. `messages`: how many it may seal before the
    key is leased again; none for one that only opens.
    """

    tenant: uuid.UUID
    region: str
    data_class: str
    key_id: uuid.UUID
    material: bytes = field(repr=False)
    kcv: bytes
    state: str
    epoch: int
    messages: int = 0


class _Remembered:
    """Data keys ready for use, each with the epoch under which it was loaded. Shared by the threads of one process."""

    def __init__(self) -> None:
        self._keys: OrderedDict[Name, tuple[int, str, AESGCM]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: Name, epoch: int) -> tuple[str, AESGCM] | None:
        with self._lock:
            found = self._keys.get(name)
            if found is None or found[0] != epoch:
                self._keys.pop(name, None)
                return None
            self._keys.move_to_end(name)
            return found[1], found[2]

    def put(self, name: Name, epoch: int, region: str, key: AESGCM) -> None:
        with self._lock:
            self._keys[name] = (epoch, region, key)
            while len(self._keys) > REMEMBERED:
                self._keys.popitem(last=False)


_remembered = _Remembered()


def seal(*, tenant: uuid.UUID, table: str, column: str, row: str, plaintext: bytes, data_class: str = DEFAULT_CLASS) -> bytes:
    """The envelope that holds `plaintext` and opens only at this place. Raises KeySuspended, ConfigurationError."""
    epoch = require_ring(tenant)
    key_id = _active_key(tenant, data_class)
    region, key = _data_key(tenant, key_id, epoch)
    count(key_id)
    place = sealed.Place(region, tenant, table, column, str(row))
    return sealed.seal(key, key_id, os.urandom(policy.NONCE_BYTES), place, plaintext)


def unseal(*, tenant: uuid.UUID, table: str, column: str, row: str, envelope: bytes) -> bytes:
    """What was sealed at this very place. Raises SealError (damaged or moved), KeySuspended, ConfigurationError (key store)."""
    envelope = bytes(envelope)
    key_id = sealed.key_id_of(envelope)
    region, key = _data_key(tenant, key_id, require_ring(tenant))
    return sealed.unseal(key, sealed.Place(region, tenant, table, column, str(row)), envelope)


def lease(*, tenant: uuid.UUID, data_class: str = DEFAULT_CLASS, key_id: uuid.UUID | None = None, messages: int = BLOCK) -> Leased:
    """The active key of a class, or the key `key_id` of this tenant (any class: it is in the envelope), in clear.

    `messages`: how many values will be sealed with it at most, counted now. A key asked for by its id is for opening: none.
    Raises UnknownKey (call `make_data_key` first), KeySuspended, BroughtBack, ConfigurationError (key store, key log).
    """
    epoch = require_ring(tenant)
    wanted = key_id or _active_key(tenant, data_class)
    region, raw, row = _load(tenant, wanted, epoch)
    if key_id is None:
        count(wanted, messages)
    return Leased(tenant, region, row.data_class, row.pk, raw, bytes(row.kcv), row.state, epoch, 0 if key_id else messages)


def _active_key(tenant: uuid.UUID, data_class: str) -> uuid.UUID:
    found = DataKey.objects.filter(tenant_id=tenant, data_class=data_class, state=KeyState.ACTIVE).values_list("id", flat=True).first()
    if found is None:
        raise UnknownKey(f"tenant {tenant} has no active key of class {data_class}; call make_tenant_keys or make_data_key")
    return found


def _data_key(tenant: uuid.UUID, key_id: uuid.UUID, epoch: int) -> tuple[str, AESGCM]:
    """Region and key, from memory if nothing changed since."""
    name = (store().directory, tenant, key_id)
    if (found := _remembered.get(name, epoch)) is not None:
        require_still(tenant, key_id, epoch=epoch)
        return found
    region, raw, _ = _load(tenant, key_id, epoch)
    key = AESGCM(raw)
    _remembered.put(name, epoch, region, key)
    return region, key


def _load(tenant: uuid.UUID, key_id: uuid.UUID, epoch: int) -> tuple[str, bytes, DataKey]:
    """Region, key in clear and its row. Every link of the chain is checked before it decrypts the next."""
    row = _row(tenant, key_id)
    require_release(tenant, key_id, epoch=epoch, state=RingState.ACTIVE)
    keys = store()
    try:
        kek = keys.tenant_key(tenant, row.kek_version)
    except ConfigurationError:
        # A rotation may have forgotten the former key since the row was read.
        again = _row(tenant, key_id)
        if again.kek_version == row.kek_version:
            raise
        row, kek = again, keys.tenant_key(tenant, again.kek_version)
    raw = policy.unwrap(kek, label(tenant, key_id), bytes(row.wrapped))
    policy.require_key(raw, bytes(row.kcv), f"data key {key_id}")
    return keys.root().region, raw, row


def _row(tenant: uuid.UUID, key_id: uuid.UUID) -> DataKey:
    row = DataKey.objects.filter(tenant_id=tenant, pk=key_id).first()
    if row is None:
        raise UnknownKey("this value was sealed by a key that this organisation does not have")
    if KeyState(row.state) not in policy.DECRYPTS:
        raise KeySuspended()
    return row
