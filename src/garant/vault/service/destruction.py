"""What an order does to the key store: keys leave it at T0, come back on cancellation, and are destroyed when the term is over.

Each act may be done again after an interruption. The log has spoken before: see `orders.begin` and `states.end`.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.kernel.canonical import Json, moment
from garant.kernel.errors import Refused
from garant.vault.engines import sealing_off
from garant.vault.models import DataKey, KeyOrder, Ring
from garant.vault.policy.states import KeyState, RingState, Verb, turned
from garant.vault.service.gate import require_end, require_taking
from garant.vault.service.setting import escrow, store
from garant.vault.service.states import end, locked_ring, standing, turn


def take_away(*, tenant: uuid.UUID, at: datetime, actor: str, order: str) -> dict[str, Json]:
    """T0: the tenant's key leaves the store. Its only copy is sealed to people, or set aside where no people are named; how, in words."""
    with transaction.atomic():
        ring = locked_ring(tenant)
        if ring.state != RingState.PENDING:
            raise Refused("these keys are not pending destruction")
        require_taking(tenant, epoch=ring.epoch, due=ring.due_at, order=order)
        keys = store()
        found = sealing_off.seal_off(keys, tenant, escrow())
        rotated = keys.rotate_if_owed()
        outcome: dict[str, Json] = {
            "form": found.form if found else "nowhere",
            "threshold": found.threshold if found else 0,
            "recipients": [share.recipient for share in found.shares] if found else [],
            "root_epoch": keys.root().epoch,
            "older_copies": "open nothing"
            if rotated
            else "still open these keys: no people are named in garant.toml, this rests on procedure",
        }
        audit.append(Kind.KEY_SEALED_OFF, at=at, actor=actor, tenant=tenant, payload={"order": order, **outcome})
    return outcome


def cancel(*, tenant: uuid.UUID, at: datetime, actor: str, reason: str, order: str, shares: Sequence[str]) -> None:
    """Bring the keys back, then let them be used as before T0. Raises Refused once the term has passed, InputError for wrong shares."""
    with transaction.atomic():
        turned(standing(locked_ring(tenant)), Verb.CANCEL, at)
        sealing_off.bring_back(store(), tenant, shares)
        turn(tenant, Verb.CANCEL, at=at, actor=actor, reason=reason, order=order)


def due(*, tenant: uuid.UUID, at: datetime) -> bool:
    """Is there something to end: a term that is over, or an end that was begun and not finished?"""
    ring = Ring.objects.filter(tenant_id=tenant).first()
    return ring is not None and ring.due_at is not None and ring.due_at <= at


def begin_end(*, tenant: uuid.UUID, at: datetime, actor: str) -> None:
    """The term is over: entered in the log. Call `carry_out_end` next, in another transaction."""
    ring = locked_ring(tenant)
    require_end(tenant, epoch=ring.epoch, due=ring.due_at, at=at)
    if ring.state == RingState.DESTROYED:
        return
    # A cancellation that did not come in time would stand in the way of every later order.
    KeyOrder.objects.filter(tenant_id=tenant, verb=Verb.CANCEL, state__in=["ordered", "approved", "begun"]).update(state="withdrawn")
    end(tenant, at=at, actor=actor)


def carry_out_end(*, tenant: uuid.UUID, at: datetime, actor: str) -> bool:
    """Delete the last copy of the keys, begin a new epoch of the root, destroy the former one. False when that was done already."""
    with transaction.atomic():
        ring = locked_ring(tenant)
        if ring.state != RingState.DESTROYED:
            raise Refused(f"the keys of this organisation are {ring.state}: their destruction has not begun")
        if ring.due_at is None:
            return False
        require_end(tenant, epoch=ring.epoch, due=ring.due_at, at=at)
        keys = store()
        sealing_off.destroy(keys, tenant, moment(at))
        keys.rotate_if_owed()
        rows = list(DataKey.objects.filter(tenant_id=tenant).exclude(state=KeyState.DESTROYED))
        payload: dict[str, Json] = {
            "kcv": bytes(ring.kcv).hex(),
            "keys": [{"key": str(row.pk), "kcv": bytes(row.kcv).hex()} for row in rows],
            "root_epoch": keys.root().epoch,
            "root": keys.protector.name,
        }
        DataKey.objects.filter(tenant_id=tenant).update(state=KeyState.DESTROYED, wrapped=b"")
        Ring.objects.filter(tenant_id=tenant).update(due_at=None)
        audit.append(Kind.KEY_DESTROYED, at=at, actor=actor, tenant=tenant, payload=payload)
    return True
