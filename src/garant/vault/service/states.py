"""May the keys of an organisation be used, and how that changes. The verbs here are ordered by two people: see `orders`."""

import uuid
from dataclasses import replace
from datetime import datetime

from django.db import connection, transaction

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.kernel.canonical import Json, moment
from garant.kernel.errors import Refused
from garant.sdk.envelope import SealError
from garant.vault.models import DataKey, Ring
from garant.vault.policy.replay import KeyEvent
from garant.vault.policy.states import KeyState, RingState, Standing, Verb, ended, key_turned, turned
from garant.vault.service.gate import record, require_still
from garant.vault.service.setting import pending_days


class KeySuspended(Refused):
    """The keys of this organisation are suspended: nothing that they sealed can be read."""


class UnknownKey(SealError):
    """This organisation has no such key."""


KINDS = {
    Verb.SUSPEND: Kind.KEY_SUSPENDED,
    Verb.RESUME: Kind.KEY_RESUMED,
    Verb.DESTROY: Kind.KEY_DESTRUCTION_BEGUN,
    Verb.CANCEL: Kind.KEY_DESTRUCTION_CANCELLED,
    Verb.SUSPEND_KEY: Kind.DATA_KEY_SUSPENDED,
    Verb.RESUME_KEY: Kind.DATA_KEY_RESUMED,
    Verb.DESTROY_KEY: Kind.DATA_KEY_DESTROYED,
}


def epoch(*, tenant: uuid.UUID) -> tuple[int, str]:
    """The tenant's present epoch and the state of its keys as a whole. Raises UnknownKey when it has none here."""
    with connection.cursor() as cursor:
        cursor.execute("select epoch, state from vault_ring where tenant_id = %s", [tenant])
        row = cursor.fetchone()
    if row is None:
        raise UnknownKey(f"tenant {tenant} has no keys here; open its transaction, or call make_tenant_keys")
    return int(row[0]), str(row[1])


def confirmed_epoch(*, tenant: uuid.UUID) -> tuple[int, str]:
    """`epoch`, for who keeps a key as long as it is confirmed: raises BroughtBack when the key log knows better than an active row."""
    present, state = epoch(tenant=tenant)
    if state == RingState.ACTIVE:
        require_still(tenant, None, epoch=present)
    return present, state


def require_ring(tenant: uuid.UUID) -> int:
    """The tenant's present epoch, asked of the database at each use: memory is never trusted alone. Raises KeySuspended."""
    present, state = epoch(tenant=tenant)
    if state != RingState.ACTIVE:
        raise KeySuspended()
    return present


def locked_ring(tenant: uuid.UUID) -> Ring:
    """The ring, which nobody else changes until the end of the transaction. Raises UnknownKey."""
    ring = Ring.objects.select_for_update().filter(tenant_id=tenant).first()
    if ring is None:
        raise UnknownKey(f"tenant {tenant} has no keys here; open its transaction, or call make_tenant_keys")
    return ring


def standing(ring: Ring) -> Standing:
    """A ring's row as the rules see it."""
    state = RingState(ring.state)
    due = ring.due_at if state is RingState.PENDING else None
    return Standing(state, ring.epoch, RingState(ring.was) if ring.was else None, due)


def suspend(*, tenant: uuid.UUID, at: datetime, actor: str, reason: str) -> bool:
    """Make everything that the tenant sealed unreadable, reversibly, in every process from the commit on. False if it was already.

    Internal: a person's word goes through `orders`, where a second one approves.
    """
    if Ring.objects.filter(tenant_id=tenant, state=RingState.SUSPENDED).exists():
        return False
    turn(tenant, Verb.SUSPEND, at=at, actor=actor, reason=reason)
    return True


def resume(*, tenant: uuid.UUID, at: datetime, actor: str, reason: str) -> bool:
    """End a suspension. False when there was none. Internal, as `suspend`."""
    if Ring.objects.filter(tenant_id=tenant, state=RingState.ACTIVE).exists():
        return False
    turn(tenant, Verb.RESUME, at=at, actor=actor, reason=reason)
    return True


def turn(tenant: uuid.UUID, verb: Verb, *, at: datetime, actor: str, reason: str, order: str = "") -> Standing:
    """One transition of the ring: row, audit entry, key log. Raises Refused when the ring's state does not allow it."""
    with transaction.atomic():
        before = standing(locked_ring(tenant))
        after = turned(before, verb, at, days=pending_days())
        _write(tenant, before, after, at)
        payload: dict[str, Json] = {"reason": reason, "order": order}
        log(KINDS[verb], tenant, after, at=at, actor=actor, order=order, payload=payload)
    return after


def end(tenant: uuid.UUID, *, at: datetime, actor: str) -> Standing:
    """The term of a pending destruction is over. `due_at` stays until the act is done too (`destruction.carry_out_end`)."""
    with transaction.atomic():
        before = standing(locked_ring(tenant))
        after = ended(before, at)
        _write(tenant, before, replace(after, due=before.due), at)
        log(Kind.KEY_DESTRUCTION_DUE, tenant, after, at=at, actor=actor, payload={})
    return after


def turn_key(tenant: uuid.UUID, key_id: uuid.UUID, verb: Verb, *, at: datetime, actor: str, reason: str, order: str = "") -> KeyState:
    """One transition of a data key. A destroyed one loses its wrapped form at once, and the key log refuses it for ever."""
    with transaction.atomic():
        ring = locked_ring(tenant)
        row = DataKey.objects.filter(tenant_id=tenant, pk=key_id).first()
        if row is None:
            raise UnknownKey("this organisation does not have this key")
        state = key_turned(KeyState(row.state), verb)
        gone = {"wrapped": b""} if state is KeyState.DESTROYED else {}
        if not DataKey.objects.filter(tenant_id=tenant, pk=key_id, state=row.state).update(state=state, **gone):
            raise Refused("this key was changed by somebody else meanwhile; look again")
        before = standing(ring)
        after = replace(before, epoch=before.epoch + 1)
        _write(tenant, before, after, at)
        payload: dict[str, Json] = {
            "key": str(key_id),
            "class": row.data_class,
            "kcv": bytes(row.kcv).hex(),
            "reason": reason,
            "order": order,
        }
        key = key_id if state is KeyState.DESTROYED else None
        log(KINDS[verb], tenant, after, at=at, actor=actor, order=order, payload=payload, data_key=key)
    return state


def log(
    kind: Kind,
    tenant: uuid.UUID,
    ring: Standing,
    *,
    at: datetime,
    actor: str,
    payload: dict[str, Json],
    order: str = "",
    data_key: uuid.UUID | None = None,
) -> None:
    """The last word of a transition's transaction: the audit entry, then the key log, which is on the disk before the commit."""
    event = KeyEvent(
        number=0,
        at=moment(at),
        kind=kind.value,
        tenant=tenant,
        state=ring.state,
        epoch=ring.epoch,
        order=order,
        due=moment(ring.due) if ring.due else "",
        was=ring.was.value if ring.was else "",
        data_key=data_key,
    )
    said: dict[str, Json] = {**payload, "state": event.state.value, "epoch": event.epoch, "due": event.due, "was": event.was}
    audit.append(kind, at=at, actor=actor, tenant=tenant, payload=said)
    record(event)


def _write(tenant: uuid.UUID, before: Standing, after: Standing, at: datetime) -> None:
    changed = Ring.objects.filter(tenant_id=tenant, state=before.state, epoch=before.epoch).update(
        state=after.state, epoch=after.epoch, was=after.was.value if after.was else "", due_at=after.due, changed_at=at
    )
    if not changed:
        raise Refused("these keys were changed by somebody else meanwhile; look again")
