"""Reading the entries that the current context may see."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max

from garant.audit.models import OutboxEntry


@dataclass(frozen=True)
class Entry:
    seq: int
    at: datetime
    kind: str
    tenant: uuid.UUID | None
    actor: str
    payload: Mapping[str, Any]


def entries(*, tenant: uuid.UUID | None, limit: int = 100, before: int | None = None, kinds: Sequence[str] = ()) -> list[Entry]:
    """The newest entries of a tenant (None: of the platform), newest first."""
    rows = OutboxEntry.objects.filter(tenant_id=tenant).order_by("-seq")
    if before is not None:
        rows = rows.filter(seq__lt=before)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return [Entry(r.seq, r.at, r.kind, r.tenant_id, r.actor, r.payload) for r in rows[:limit]]


def of_kinds(kinds: Sequence[str]) -> Iterator[Entry]:
    """Every entry of some kinds that the context may see, oldest first."""
    for row in OutboxEntry.objects.filter(kind__in=kinds).order_by("seq").iterator():
        yield Entry(row.seq, row.at, row.kind, row.tenant_id, row.actor, row.payload)


def head() -> int:
    """The number of the newest entry that the context may see; 0 without one."""
    return OutboxEntry.objects.aggregate(last=Max("seq"))["last"] or 0
