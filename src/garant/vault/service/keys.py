"""Making and rotating keys. Routine: nobody is asked."""

import os
import uuid
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.vault import policy
from garant.vault.engines.keystore import KeyStore
from garant.vault.models import DataKey, Ring
from garant.vault.policy import KeyState
from garant.vault.service.states import require_ring

DEFAULT_CLASS = "default"


def store() -> KeyStore:
    """The key store of this installation."""
    return KeyStore(Path(settings.DATA) / "keys")


def make_root() -> bool:
    """Make the root key of this installation; False when there is one (provisioning; before any database exists)."""
    return store().make_root()


def make_tenant_keys(*, tenant: uuid.UUID, at: datetime, actor: str) -> None:
    """The tenant's key and its first data key; when they exist, they are only checked.

    The file is written first: a transaction that fails afterwards leaves a key that the next call takes up.
    """
    kek = store().make_tenant_key(tenant)
    with transaction.atomic():
        ring, made = Ring.objects.get_or_create(
            tenant_id=tenant, defaults={"kcv": policy.check_value(kek), "changed_at": at, "state": KeyState.ACTIVE.value}
        )
        policy.require_key(kek, bytes(ring.kcv), f"the key of tenant {tenant}")
        if made:
            _add_data_key(tenant=tenant, data_class=DEFAULT_CLASS, kek=kek, at=at, actor=actor)


def make_data_key(*, tenant: uuid.UUID, data_class: str, at: datetime, actor: str) -> bool:
    """The active key of a class (`default`, `subject:<uuid>`, `index`, `backup:<YYYY-MM>`, `ledger`, any class of the data map).

    False when there is one. Raises InputError for a bad name of a class, KeySuspended.
    """
    policy.checked_class(data_class)
    require_ring(tenant)
    with transaction.atomic():
        Ring.objects.select_for_update().get(tenant_id=tenant)
        if DataKey.objects.filter(tenant_id=tenant, data_class=data_class, state=KeyState.ACTIVE).exists():
            return False
        _add_data_key(tenant=tenant, data_class=data_class, kek=store().tenant_key(tenant), at=at, actor=actor)
    return True


def rotate(*, tenant: uuid.UUID, at: datetime, actor: str, data_class: str = DEFAULT_CLASS) -> None:
    """A new data key for what is sealed from now on; the former one still opens what it sealed."""
    require_ring(tenant)
    with transaction.atomic():
        DataKey.objects.filter(tenant_id=tenant, data_class=data_class, state=KeyState.ACTIVE).update(state=KeyState.DECRYPT_ONLY)
        _add_data_key(tenant=tenant, data_class=data_class, kek=store().tenant_key(tenant), at=at, actor=actor)


def label(tenant: uuid.UUID, key_id: uuid.UUID) -> str:
    """What a wrapped data key is bound to."""
    return f"garant/dek/{tenant}/{key_id}"


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
        wrapped=policy.wrap(kek, os.urandom(policy.NONCE_BYTES), label(tenant, key_id), raw),
        created_at=at,
    )
    payload = {"key": str(key_id), "class": data_class, "version": last + 1}
    audit.append(Kind.KEY_MADE, at=at, actor=actor, tenant=tenant, payload=payload)
