"""Sealing and opening values, and the verbs on keys.

    root (file) -> tenant key (file) -> data keys (wrapped, in the database) -> envelope G1

Every use asks the database for the tenant's state and epoch: once `suspend` has committed, no process decrypts any more, whatever it
remembers; and when the database cannot be asked, nothing is decrypted. Verbs run inside the caller's tenant transaction: row security
shows only that tenant's keys.

Not here yet: counting messages per key and rotating by count (a random nonce allows 2^32), keys per subject, destruction, escrow,
two people for a suspension.
"""

import os
import threading
import uuid
from collections import OrderedDict
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Max

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.kernel.errors import Refused
from garant.sdk import envelope as sealing
from garant.vault import policy
from garant.vault.engines.keystore import KeyStore
from garant.vault.models import DataKey, Ring
from garant.vault.policy import KeyState, SealError

__all__ = ["KeySuspended", "SealError", "make_root", "make_tenant_keys", "resume", "rotate", "seal", "suspend", "unseal"]

DEFAULT_CLASS = "default"
REMEMBERED = 10_000
"""Data keys that one process holds ready."""


class KeySuspended(Refused):
    """The keys of this organisation are suspended: nothing that they sealed can be read."""


Name = tuple[Path, uuid.UUID, uuid.UUID]
"""Key store, tenant, key id."""


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


def make_root() -> bool:
    """Make the root key of this installation; False when there is one (provisioning; before any database exists)."""
    return _store().make_root()


def make_tenant_keys(*, tenant: uuid.UUID, at: datetime, actor: str) -> None:
    """The tenant's key and its first data key; when they exist, they are only checked.

    The file is written first: a transaction that fails afterwards leaves a key that the next call takes up.
    """
    kek = _store().make_tenant_key(tenant)
    with transaction.atomic():
        ring, made = Ring.objects.get_or_create(
            tenant_id=tenant, defaults={"kcv": policy.check_value(kek), "changed_at": at, "state": KeyState.ACTIVE.value}
        )
        policy.require_key(kek, bytes(ring.kcv), f"the key of tenant {tenant}")
        if made:
            _add_data_key(tenant=tenant, data_class=DEFAULT_CLASS, kek=kek, at=at, actor=actor)


def seal(*, tenant: uuid.UUID, table: str, column: str, row: str, plaintext: bytes, data_class: str = DEFAULT_CLASS) -> bytes:
    """The envelope that holds `plaintext` and opens only at this place. Raises KeySuspended, ConfigurationError."""
    epoch = _require_ring(tenant)
    key_id = DataKey.objects.filter(tenant_id=tenant, data_class=data_class, state=KeyState.ACTIVE).values_list("id", flat=True).first()
    if key_id is None:
        raise SealError(f"tenant {tenant} has no active key of class {data_class}; call make_tenant_keys")
    region, key = _data_key(tenant, key_id, epoch)
    place = sealing.Place(region, tenant, table, column, str(row))
    return sealing.seal(key, key_id, os.urandom(policy.NONCE_BYTES), place, plaintext)


def unseal(*, tenant: uuid.UUID, table: str, column: str, row: str, envelope: bytes) -> bytes:
    """What was sealed at this very place. Raises SealError (damaged or moved), KeySuspended, ConfigurationError (key store)."""
    envelope = bytes(envelope)
    key_id = sealing.key_id_of(envelope)
    region, key = _data_key(tenant, key_id, _require_ring(tenant))
    return sealing.unseal(key, sealing.Place(region, tenant, table, column, str(row)), envelope)


def rotate(*, tenant: uuid.UUID, at: datetime, actor: str, data_class: str = DEFAULT_CLASS) -> None:
    """A new data key for what is sealed from now on; the former one still opens what it sealed."""
    _require_ring(tenant)
    with transaction.atomic():
        DataKey.objects.filter(tenant_id=tenant, data_class=data_class, state=KeyState.ACTIVE).update(state=KeyState.DECRYPT_ONLY)
        _add_data_key(tenant=tenant, data_class=data_class, kek=_store().tenant_key(tenant), at=at, actor=actor)


def suspend(*, tenant: uuid.UUID, at: datetime, actor: str, reason: str) -> bool:
    """Make everything that the tenant sealed unreadable, reversibly, in every process from the commit on. False if it was already."""
    return _turn(tenant, KeyState.ACTIVE, KeyState.SUSPENDED, Kind.KEY_SUSPENDED, at=at, actor=actor, reason=reason)


def resume(*, tenant: uuid.UUID, at: datetime, actor: str, reason: str) -> bool:
    """End a suspension. False when there was none."""
    return _turn(tenant, KeyState.SUSPENDED, KeyState.ACTIVE, Kind.KEY_RESUMED, at=at, actor=actor, reason=reason)


def _turn(tenant: uuid.UUID, before: KeyState, after: KeyState, kind: Kind, *, at: datetime, actor: str, reason: str) -> bool:
    with transaction.atomic():
        turned = Ring.objects.filter(tenant_id=tenant, state=before).update(state=after, epoch=F("epoch") + 1, changed_at=at)
        if turned:
            audit.append(kind, at=at, actor=actor, tenant=tenant, payload={"reason": reason})
    return bool(turned)


def _store() -> KeyStore:
    return KeyStore(Path(settings.DATA) / "keys")


def _require_ring(tenant: uuid.UUID) -> int:
    """The tenant's present epoch, asked of the database at each use: memory is never trusted alone."""
    with connection.cursor() as cursor:
        cursor.execute("select epoch, state from vault_ring where tenant_id = %s", [tenant])
        row = cursor.fetchone()
    if row is None:
        raise SealError(f"tenant {tenant} has no keys here; open its transaction, or call make_tenant_keys")
    if row[1] != KeyState.ACTIVE:
        raise KeySuspended()
    return int(row[0])


def _data_key(tenant: uuid.UUID, key_id: uuid.UUID, epoch: int) -> tuple[str, AESGCM]:
    """Region and key, from memory if nothing changed since. Every link of the chain is checked before it decrypts the next."""
    store = _store()
    name = (store.directory, tenant, key_id)
    if (found := _remembered.get(name, epoch)) is not None:
        return found
    row = DataKey.objects.filter(tenant_id=tenant, pk=key_id).first()
    if row is None:
        raise SealError("this value was sealed by a key that this organisation does not have")
    if KeyState(row.state) not in policy.DECRYPTS:
        raise KeySuspended()
    kek = store.tenant_key(tenant)
    policy.require_key(kek, bytes(Ring.objects.values_list("kcv", flat=True).get(tenant_id=tenant)), f"the key of tenant {tenant}")
    raw = policy.unwrap(kek, _label(tenant, key_id), bytes(row.wrapped))
    policy.require_key(raw, bytes(row.kcv), f"data key {key_id}")
    key, region = AESGCM(raw), store.root().region
    _remembered.put(name, epoch, region, key)
    return region, key


def _add_data_key(*, tenant: uuid.UUID, data_class: str, kek: bytes, at: datetime, actor: str) -> None:
    raw, key_id = os.urandom(policy.KEY_BYTES), uuid.uuid4()
    last = DataKey.objects.filter(tenant_id=tenant, data_class=data_class).aggregate(last=Max("version"))["last"] or 0
    DataKey.objects.create(
        id=key_id,
        tenant_id=tenant,
        data_class=data_class,
        version=last + 1,
        state=KeyState.ACTIVE.value,
        kcv=policy.check_value(raw),
        wrapped=policy.wrap(kek, os.urandom(policy.NONCE_BYTES), _label(tenant, key_id), raw),
        created_at=at,
    )
    payload = {"key": str(key_id), "class": data_class, "version": last + 1}
    audit.append(Kind.KEY_MADE, at=at, actor=actor, tenant=tenant, payload=payload)


def _label(tenant: uuid.UUID, key_id: uuid.UUID) -> str:
    return f"garant/dek/{tenant}/{key_id}"
