"""Orders: two people decide, a dry run first, and every step is one guarded change with one entry.

    place -> approve (another person) -> begin (entry in the log, inaccessible at once) -> carry_out (the act on the key store)

`begin` and `carry_out` are two transactions, so that the log speaks before the act; a process killed between them leaves an order that is
`begun`, which the job, or whoever calls `carry_out` again, finishes. The end of a pending destruction is in `destruction`.
"""

import uuid
from datetime import datetime, timedelta

from django.db import transaction

from garant.audit import queries as audited
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.kernel.canonical import Json, moment
from garant.kernel.errors import InputError, Refused
from garant.kernel.reach import CountsSealed, ListsBackups
from garant.vault.models import DataKey, KeyOrder
from garant.vault.policy.states import RING_VERBS, KeyState, RingState, Verb, key_turned, turned
from garant.vault.service.destruction import cancel, take_away
from garant.vault.service.setting import escrow, pending_days
from garant.vault.service.states import UnknownKey, locked_ring, standing, turn, turn_key

OPEN = ("ordered", "approved", "begun")
LAPSES = timedelta(days=14)
"""From the approval on: what two people decided is not kept in store for another day."""


def place(
    *,
    tenant: uuid.UUID,
    verb: str,
    reason: str,
    at: datetime,
    actor: str,
    data_key: uuid.UUID | None = None,
    counts: CountsSealed | None = None,
    backups: ListsBackups | None = None,
) -> KeyOrder:
    """Order an act, after a dry run that is kept with it. Raises InputError (bad words), Refused (state, another open order)."""
    wanted = _verb(verb)
    if not reason.strip():
        raise InputError("a reason is needed: it stays in the log")
    if (wanted in RING_VERBS) is (data_key is not None):
        raise InputError(
            f"{wanted.value} concerns {'all keys of an organisation: name no key' if data_key else 'one data key: name it (--key)'}"
        )
    with transaction.atomic():
        _require_possible(tenant, wanted, data_key, at)
        open_ = KeyOrder.objects.filter(tenant_id=tenant, state__in=OPEN).first()
        if open_ is not None:
            raise Refused(f"order {open_.pk} ({open_.verb}, {open_.state}) is open for this organisation: execute or withdraw it first")
        order = KeyOrder.objects.create(
            tenant_id=tenant,
            verb=wanted.value,
            data_key=data_key,
            reason=reason.strip(),
            dry_run=dry_run(tenant, wanted, data_key, at, counts=counts, backups=backups),
            ordered_by=actor,
            ordered_at=at,
        )
        _entry(Kind.KEY_ORDER_PLACED, order, at, actor, {"reason": order.reason, "reach": order.dry_run})
    return order


def dry_run(
    tenant: uuid.UUID,
    verb: Verb,
    data_key: uuid.UUID | None,
    at: datetime,
    *,
    counts: CountsSealed | None,
    backups: ListsBackups | None,
) -> dict[str, Json]:
    """What an order would reach. Rows and backups are None where nobody here can count them: that is not zero."""
    rows = DataKey.objects.filter(tenant_id=tenant).exclude(state=KeyState.DESTROYED).order_by("data_class", "version")
    if data_key is not None:
        rows = rows.filter(pk=data_key)
    ids = [row.pk for row in rows]
    found: dict[str, Json] = {
        "keys": [
            {"key": str(row.pk), "class": row.data_class, "version": row.version, "state": row.state, "messages": row.reserved}
            for row in rows
        ],
        "rows": dict(counts(tenant=tenant, keys=ids)) if counts else None,
        "backups": list(backups(tenant=tenant, keys=ids)) if backups else None,
    }
    if verb is Verb.DESTROY:
        people = escrow()
        found["due"] = moment(at + timedelta(days=pending_days()))
        found["escrow"] = {"recipients": len(people.recipients), "threshold": people.threshold if people.recipients else 0}
    return found


def approve(*, tenant: uuid.UUID, order: uuid.UUID, at: datetime, actor: str) -> KeyOrder:
    """The second person agrees. Raises Refused for the person who ordered, and for an order that does not wait for this."""
    with transaction.atomic():
        found = _order(tenant, order)
        if found.ordered_by == actor:
            raise Refused("an order is approved by another person than the one who gave it")
        _step(found, "ordered", "approved", approved_by=actor, approved_at=at)
        _entry(Kind.KEY_ORDER_APPROVED, found, at, actor, {})
    return found


def withdraw(*, tenant: uuid.UUID, order: uuid.UUID, at: datetime, actor: str) -> KeyOrder:
    """Take back an order that has not begun; one person is enough."""
    with transaction.atomic():
        found = _order(tenant, order)
        _step(found, found.state if found.state in ("ordered", "approved") else "ordered", "withdrawn")
        _entry(Kind.KEY_ORDER_WITHDRAWN, found, at, actor, {})
    return found


def begin(*, tenant: uuid.UUID, order: uuid.UUID, at: datetime, actor: str) -> KeyOrder:
    """Carry out what the database can: from the commit on nothing is readable that should not be. Call `carry_out` next, then done."""
    with transaction.atomic():
        found = _order(tenant, order)
        if found.state == "begun":
            return found
        if found.state == "approved" and found.approved_at is not None and at - found.approved_at > LAPSES:
            raise Refused(
                f"order {order} was approved more than {LAPSES.days} days ago and has lapsed: "
                "withdraw it (garant key cancel) and order anew"
            )
        verb = Verb(found.verb)
        if found.state == "approved":
            _require_two_entries(found)
        _require_possible(tenant, verb, found.data_key, at)
        _step(found, "approved", "begun", begun_at=at)
        _entry(Kind.KEY_ORDER_BEGUN, found, at, actor, {})
        said = {"at": at, "actor": actor, "reason": found.reason, "order": str(found.pk)}
        if found.data_key is not None:
            turn_key(tenant, found.data_key, verb, **said)  # type: ignore[arg-type]
        elif verb is not Verb.CANCEL:
            turn(tenant, verb, **said)  # type: ignore[arg-type]
    return found


def carry_out(*, tenant: uuid.UUID, order: uuid.UUID, at: datetime, actor: str, shares: tuple[str, ...] = ()) -> KeyOrder:
    """The act on the key store, then the order is done. May be called again. `shares`: for a cancellation, of the people in escrow."""
    with transaction.atomic():
        found = _order(tenant, order)
        if found.state == "done":
            return found
        if found.state != "begun":
            raise Refused(f"order {order} is {found.state}: it is executed after another person approved it")
        outcome: dict[str, Json] = {}
        if found.verb == Verb.DESTROY:
            outcome = take_away(tenant=tenant, at=at, actor=actor, order=str(found.pk))
        elif found.verb == Verb.CANCEL:
            _require_two_entries(found)
            cancel(tenant=tenant, at=at, actor=actor, reason=found.reason, order=str(found.pk), shares=shares)
        _step(found, "begun", "done", executed_at=at, outcome=outcome)
    return found


def _verb(word: str) -> Verb:
    try:
        return Verb(word)
    except ValueError as error:
        raise InputError(f"{word!r} is not an order on keys; write one of {', '.join(Verb)}") from error


def _require_possible(tenant: uuid.UUID, verb: Verb, data_key: uuid.UUID | None, at: datetime) -> None:
    ring = standing(locked_ring(tenant))
    if verb in RING_VERBS:
        turned(ring, verb, at, days=pending_days())
        return
    if ring.state is not RingState.ACTIVE:
        raise Refused(f"the keys of this organisation are {ring.state.value}")
    row = DataKey.objects.filter(tenant_id=tenant, pk=data_key).first() if data_key is not None else None
    if row is None:
        raise UnknownKey("this organisation does not have this key; `garant key list` shows them")
    key_turned(KeyState(row.state), verb)


def _order(tenant: uuid.UUID, order: uuid.UUID) -> KeyOrder:
    found = KeyOrder.objects.filter(tenant_id=tenant, pk=order).first()
    if found is None:
        raise InputError(f"there is no order {order} here; `garant key list` shows them")
    return found


def _require_two_entries(order: KeyOrder) -> None:
    """Refuse an order that the audit log does not know as given and approved by these two: a row alone orders nothing."""
    known = {
        (entry.kind, entry.actor, entry.payload.get("verb"), entry.payload.get("key"))
        for entry in audited.of_kinds([Kind.KEY_ORDER_PLACED.value, Kind.KEY_ORDER_APPROVED.value])
        if entry.tenant == order.tenant_id and entry.payload.get("order") == str(order.pk)
    }
    key = str(order.data_key) if order.data_key else None
    for kind, actor in ((Kind.KEY_ORDER_PLACED, order.ordered_by), (Kind.KEY_ORDER_APPROVED, order.approved_by)):
        if (kind.value, actor, order.verb, key) not in known:
            raise Refused(
                f"order {order.pk} has no entry {kind.value} by {actor or 'anybody'}: withdraw it, and find out who wrote that row"
            )


def _step(order: KeyOrder, before: str, after: str, **values: object) -> None:
    """One guarded change. Raises Refused when the order was not in `before`."""
    if not KeyOrder.objects.filter(pk=order.pk, state=before).update(state=after, **values):
        raise Refused(f"order {order.pk} is {order.state}: it cannot become {after}")
    order.refresh_from_db()


def _entry(kind: Kind, order: KeyOrder, at: datetime, actor: str, more: dict[str, Json]) -> None:
    payload: dict[str, Json] = {"order": str(order.pk), "verb": order.verb, **more}
    if order.data_key:
        payload["key"] = str(order.data_key)
    audit.append(kind, at=at, actor=actor, tenant=order.tenant_id, payload=payload)
