"""Rotation at every level, without an interruption and without asking anybody.

data key      a new one seals; the former ones still open. On demand, and when its count of messages is worn (`counting`)
tenant key    wraps the data keys anew; nothing that they sealed is touched
root epoch    wraps every tenant's key anew; the former epoch is destroyed, and with it every older copy of the key store
"""

import os
import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import F

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.vault import policy
from garant.vault.engines.keystore import KeyStore
from garant.vault.engines.roots import RootProtector
from garant.vault.models import DataKey, Ring
from garant.vault.policy.counting import WORN
from garant.vault.policy.states import KeyState
from garant.vault.service.keys import DEFAULT_CLASS, add_data_key, label
from garant.vault.service.setting import store
from garant.vault.service.states import locked_ring, require_ring


def rotate(*, tenant: uuid.UUID, at: datetime, actor: str, data_class: str = DEFAULT_CLASS) -> None:
    """A new data key for what is sealed from now on; the former one still opens what it sealed. Leases are asked for again at once."""
    policy.checked_class(data_class)
    require_ring(tenant)
    with transaction.atomic():
        ring = locked_ring(tenant)
        DataKey.objects.filter(tenant_id=tenant, data_class=data_class, state=KeyState.ACTIVE).update(state=KeyState.DECRYPT_ONLY)
        add_data_key(ring, data_class=data_class, at=at, actor=actor)
        Ring.objects.filter(tenant_id=tenant).update(epoch=F("epoch") + 1)


def rotate_worn(*, tenant: uuid.UUID, at: datetime, actor: str, worn: int = WORN) -> int:
    """Rotate the classes whose active key may have sealed `worn` messages; how many."""
    classes = DataKey.objects.filter(tenant_id=tenant, state=KeyState.ACTIVE, reserved__gte=worn).values_list("data_class", flat=True)
    for data_class in list(classes):
        rotate(tenant=tenant, at=at, actor=actor, data_class=data_class)
    return len(classes)


def rotate_tenant_key(*, tenant: uuid.UUID, at: datetime, actor: str, forget: bool = False) -> int:
    """A new key-encryption key for the tenant, under which its data keys are wrapped anew; its version.

    The former ones stay in the key store, since a backup of the database holds data keys under them. With `forget` they go: what only such
    a backup still holds is then unreadable for ever, which is wanted after a key became known, or to end data keys that were destroyed.
    """
    require_ring(tenant)
    keys = store()
    with transaction.atomic():
        ring = locked_ring(tenant)
        version = ring.kek_version + 1
        kek = keys.add_version(tenant, version)
        former: dict[int, bytes] = {}
        for row in DataKey.objects.filter(tenant_id=tenant).exclude(state=KeyState.DESTROYED):
            under = former.setdefault(row.kek_version, keys.tenant_key(tenant, row.kek_version))
            raw = policy.unwrap(under, label(tenant, row.pk), bytes(row.wrapped))
            policy.require_key(raw, bytes(row.kcv), f"data key {row.pk}")
            wrapped = policy.wrap(kek, os.urandom(policy.NONCE_BYTES), label(tenant, row.pk), raw)
            DataKey.objects.filter(pk=row.pk).update(wrapped=wrapped, kek_version=version)
        Ring.objects.filter(tenant_id=tenant).update(kek_version=version, kcv=policy.check_value(kek), epoch=F("epoch") + 1)
        audit.append(Kind.KEY_REWRAPPED, at=at, actor=actor, tenant=tenant, payload={"version": version, "forget": forget})
        if forget:
            keys.owe_drop(tenant, version)
    return version


def finish_forgetting(*, tenant: uuid.UUID) -> bool:
    """Carry out what `rotate_tenant_key(forget=True)` asked for, in a transaction after its commit: others read the former rows until then.

    False when nothing was owed. Called by whoever rotated, and by the job for whatever a killed process left.
    """
    present = Ring.objects.filter(tenant_id=tenant).values_list("kek_version", flat=True).first()
    done = present is not None and store().finish_drop(tenant, present)
    store().rotate_if_owed()
    return done


def rotate_root(*, at: datetime, actor: str) -> int:
    """A new epoch of the root; its number. Backups of the key store made until now open nothing any more: make a new one.

    The entry is written first, in the caller's transaction; the act is whole or nothing, and what a killed process left is finished later.
    """
    with transaction.atomic():
        audit.append(Kind.ROOT_ROTATED, at=at, actor=actor, payload={"from": store().root().epoch})
    return store().rotate_root()


def move_root(*, former: RootProtector, at: datetime, actor: str) -> int:
    """Put the key store under the root that garant.toml names now, in a new epoch; its number. `former`: what protected it before.

    Killed in the middle, it is finished by calling it again. Backups of the key store made until now open nothing any more.
    """
    present = store()
    before = KeyStore(present.directory, protector=former, group=present.group)
    if not before.finish_move():
        with transaction.atomic():
            audit.append(Kind.ROOT_ROTATED, at=at, actor=actor, payload={"from": before.root().epoch, "root": present.protector.name})
        return before.rotate_root(to=present.protector)
    return present.root().epoch
