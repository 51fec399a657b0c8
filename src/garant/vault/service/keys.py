"""Making keys. Routine: nobody is asked."""

import os
import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.kernel.canonical import Json
from garant.kernel.errors import Refused
from garant.sdk.envelope import key_id_of
from garant.vault import policy
from garant.vault.models import DataKey, Ring
from garant.vault.policy.states import KeyState, RingState
from garant.vault.service.gate import require_release
from garant.vault.service.setting import key_log, store
from garant.vault.service.states import locked_ring, require_ring

DEFAULT_CLASS = "default"
OWN_CLASS = "garant"
"""Of what Garant seals for itself (second factors): no application is given a key of it."""


def make_root() -> bool:
    """Make the key store of this installation and begin its log; False when there is one (provisioning; before any database exists)."""
    keys = store()
    made = keys.make_root()
    if keys.log_seen() is None:
        key_log().begin()
        keys.saw_log(0)
    return made


def make_tenant_keys(*, tenant: uuid.UUID, at: datetime, actor: str) -> None:
    """The tenant's key and its first data key; when they exist, they are only checked.

    The key store is written first: a transaction that fails afterwards leaves a key that the next call takes up.
    """
    found = Ring.objects.filter(tenant_id=tenant).first()
    if found is not None and found.state in (RingState.PENDING, RingState.DESTROYED):
        raise Refused(f"the keys of this organisation are {found.state}")
    kek = store().tenant_key(tenant, found.kek_version) if found is not None and found.kek_version > 1 else store().make_tenant_key(tenant)
    with transaction.atomic():
        ring, made = Ring.objects.get_or_create(
            tenant_id=tenant, defaults={"kcv": policy.check_value(kek), "changed_at": at, "state": RingState.ACTIVE.value}
        )
        policy.require_key(kek, bytes(ring.kcv), f"the key of tenant {tenant}")
        if made:
            add_data_key(ring, data_class=DEFAULT_CLASS, at=at, actor=actor)


def make_data_key(*, tenant: uuid.UUID, data_class: str, at: datetime, actor: str) -> bool:
    """The active key of a class (`default`, `subject:<uuid>`, `index`, `backup:<YYYY-MM>`, `ledger`, any class of the data map).

    False when there is one. Raises InputError for a bad name of a class, KeySuspended.
    """
    policy.checked_class(data_class)
    require_ring(tenant)
    with transaction.atomic():
        ring = locked_ring(tenant)
        if DataKey.objects.filter(tenant_id=tenant, data_class=data_class, state=KeyState.ACTIVE).exists():
            return False
        add_data_key(ring, data_class=data_class, at=at, actor=actor)
    return True


def sealed_as(*, tenant: uuid.UUID, envelope: bytes) -> str:
    """The class of the key that sealed this; empty for a key that this organisation does not have. Opens nothing. Raises SealError."""
    return DataKey.objects.filter(tenant_id=tenant, pk=key_id_of(bytes(envelope))).values_list("data_class", flat=True).first() or ""


def label(tenant: uuid.UUID, key_id: uuid.UUID) -> str:
    """What a wrapped data key is bound to."""
    return f"garant/dek/{tenant}/{key_id}"


def add_data_key(ring: Ring, *, data_class: str, at: datetime, actor: str) -> None:
    """One more data key of a class, active, under the ring's present key-encryption key. The caller holds the ring's lock."""
    raw, key_id, tenant = os.urandom(policy.KEY_BYTES), uuid.uuid4(), ring.tenant_id
    require_release(tenant, None, epoch=ring.epoch, state=ring.state)
    kek = store().tenant_key(tenant, ring.kek_version)
    policy.require_key(kek, bytes(ring.kcv), f"the key of tenant {tenant}")
    last = DataKey.objects.filter(tenant_id=tenant, data_class=data_class).aggregate(last=Max("version"))["last"] or 0
    DataKey.objects.create(
        id=key_id,
        tenant_id=tenant,
        data_class=data_class,
        version=last + 1,
        state=KeyState.ACTIVE.value,
        kcv=policy.check_value(raw),
        kek_version=ring.kek_version,
        wrapped=policy.wrap(kek, os.urandom(policy.NONCE_BYTES), label(tenant, key_id), raw),
        created_at=at,
    )
    payload: dict[str, Json] = {"key": str(key_id), "class": data_class, "version": last + 1}
    audit.append(Kind.KEY_MADE, at=at, actor=actor, tenant=tenant, payload=payload)
