"""Reads on keys and orders; never a key."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from garant.vault.models import DataKey, KeyOrder, Ring


@dataclass(frozen=True)
class KeyFacts:
    """A data key. `messages`: reserved by processes to be sealed with it."""

    id: uuid.UUID
    data_class: str
    version: int
    state: str
    kcv: str
    messages: int
    created_at: datetime


@dataclass(frozen=True)
class RingFacts:
    """The keys of one organisation as a whole. `due_at`: end of a pending destruction."""

    tenant: uuid.UUID
    state: str
    epoch: int
    kek_version: int
    due_at: datetime | None
    changed_at: datetime
    keys: tuple[KeyFacts, ...]


@dataclass(frozen=True)
class OrderFacts:
    """An order, with what its dry run found."""

    id: uuid.UUID
    tenant: uuid.UUID
    verb: str
    data_key: uuid.UUID | None
    reason: str
    state: str
    dry_run: dict[str, Any]
    ordered_by: str
    ordered_at: datetime
    approved_by: str
    executed_at: datetime | None
    outcome: dict[str, Any]


def ring(tenant: uuid.UUID) -> RingFacts | None:
    """The keys of the tenant of the transaction; None when it has none here."""
    found = Ring.objects.filter(tenant_id=tenant).first()
    if found is None:
        return None
    rows = DataKey.objects.filter(tenant_id=tenant).order_by("data_class", "version")
    keys = tuple(
        KeyFacts(row.pk, row.data_class, row.version, row.state, bytes(row.kcv).hex(), row.reserved, row.created_at) for row in rows
    )
    return RingFacts(tenant, found.state, found.epoch, found.kek_version, found.due_at, found.changed_at, keys)


def orders(*, open_only: bool = False, limit: int = 100) -> Sequence[OrderFacts]:
    """Orders that the context may see, newest first; in scope `operator`, of every organisation."""
    rows = KeyOrder.objects.order_by("-ordered_at")
    if open_only:
        rows = rows.filter(state__in=["ordered", "approved", "begun"])
    return [_facts(row) for row in rows[:limit]]


def order(id_: uuid.UUID) -> OrderFacts | None:
    """One order, if the context may see it."""
    row = KeyOrder.objects.filter(pk=id_).first()
    return _facts(row) if row else None


def _facts(row: KeyOrder) -> OrderFacts:
    return OrderFacts(
        id=row.pk,
        tenant=row.tenant_id,
        verb=row.verb,
        data_key=row.data_key,
        reason=row.reason,
        state=row.state,
        dry_run=row.dry_run,
        ordered_by=row.ordered_by,
        ordered_at=row.ordered_at,
        approved_by=row.approved_by,
        executed_at=row.executed_at,
        outcome=row.outcome,
    )
