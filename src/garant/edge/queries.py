"""Reads: the access journal with its losses, the edges and what each has acknowledged."""

import contextlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Max, Q, Sum
from django.db.models.functions import TruncHour

from garant.edge.models import Applied, Denied, Edge, JournalLine, Loss, Policy
from garant.edge.policy.addresses import AddressRule
from garant.identity.queries import tenants


@dataclass(frozen=True)
class Line:
    """One request. `before` of the next page is the `id` of the last line of this one."""

    id: int
    at: datetime
    address: str
    host: str
    user: uuid.UUID | None
    method: str
    path: str
    status: int
    ms: int
    size: int
    ending: str
    reason: str
    request: str


@dataclass(frozen=True)
class Losses:
    """What the journal lacks over a period; all zero but `lines` when it is complete. `last`: the newest minute counted, None = never.

    `refused`: connections of other programs that wanted to write lines; nothing is lost by them.
    """

    lines: int
    missing: int
    dropped: int
    unwritten: int
    unreadable: int
    last: datetime | None
    refused: int = 0

    @property
    def lost(self) -> int:
        """Lines that are not in the journal. `missing` and `dropped` count the same lines from both ends: the larger is the loss."""
        return max(self.missing, self.dropped) + self.unwritten + self.unreadable


@dataclass(frozen=True)
class EdgeState:
    """An edge as its agent last reported it; `lag`: time since then."""

    name: str
    engine: str
    seen_at: datetime
    lag: timedelta
    decisions: int
    revoked_through_ms: int
    problem: str


@dataclass(frozen=True)
class Acknowledged:
    """What one edge has applied of a tenant's rules."""

    edge: str
    version: int
    at: datetime


def journal(
    *,
    tenant: uuid.UUID | None,
    text: str = "",
    who: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
    before: int | None = None,
) -> list[Line]:
    """The newest lines of a tenant, newest first. `text` is looked for in path, address, method, status, user and request number.

    `who`: opaque id of a person, `none` for requests of which nobody is known, empty for all.
    """
    rows = JournalLine.objects.filter(Q(tenant_id=tenant) if tenant else Q(tenant__isnull=True)).order_by("-id")
    if who:
        rows = rows.filter(user_id=None if who == "none" else uuid.UUID(who))
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    if before is not None:
        rows = rows.filter(id__lt=before)
    for word in text.split()[:5]:
        rows = rows.filter(_mentions(word))
    return [
        Line(r.id, r.at, r.address, r.host, r.user_id, r.method, r.path, r.status, r.ms, r.size, r.ending, r.reason, r.request)
        for r in rows[:limit]
    ]


def _mentions(word: str) -> Q:
    found = Q(path__icontains=word) | Q(address__startswith=word) | Q(method__iexact=word) | Q(request__iexact=word)
    if word.isdigit() and len(word) == 3:
        found |= Q(status=int(word))
    with contextlib.suppress(ValueError):
        found |= Q(user_id=uuid.UUID(word))
    return found


def taken(since: datetime) -> list[tuple[uuid.UUID, uuid.UUID, datetime, int]]:
    """Tenant, person, hour, and the bytes of the application that this person was sent in that hour, the most first. Garant's own pages
    are left out. Needs the scope `operator`."""
    rows = (
        JournalLine.objects.filter(at__gte=since, user_id__isnull=False, tenant__isnull=False)
        .exclude(path__startswith="/.garant/")
        .annotate(hour=TruncHour("at", tzinfo=UTC))
        .values("tenant_id", "user_id", "hour")
        .annotate(bytes=Sum("size"))
        .order_by("-bytes")
    )
    return [(row["tenant_id"], row["user_id"], row["hour"], int(row["bytes"])) for row in rows if row["user_id"]]


def losses(*, since: datetime, until: datetime | None = None) -> Losses:
    """Counters of all edges over a period."""
    rows = Loss.objects.filter(minute__gte=since)
    if until is not None:
        rows = rows.filter(minute__lt=until)
    lines = missing = dropped = unwritten = unreadable = refused = 0
    for row in rows:
        lines, missing, dropped = lines + row.lines, missing + row.missing, dropped + row.dropped
        unwritten, unreadable, refused = unwritten + row.unwritten, unreadable + row.unreadable, refused + row.refused
    return Losses(lines, missing, dropped, unwritten, unreadable, Loss.objects.aggregate(last=Max("minute"))["last"], refused)


def edges(*, now: datetime) -> list[EdgeState]:
    """Every edge that ever reported, by name."""
    return [
        EdgeState(e.name, e.engine, e.seen_at, now - e.seen_at, e.decisions, e.revoked_through_ms, e.problem)
        for e in Edge.objects.order_by("name")
    ]


def applied(*, tenant: uuid.UUID) -> list[Acknowledged]:
    """The version of the tenant's rules that each edge has acknowledged."""
    return [Acknowledged(a.edge_id, a.version, a.applied_at) for a in Applied.objects.filter(tenant_id=tenant).order_by("edge_id")]


def policy_version(*, tenant: uuid.UUID) -> int:
    """The version of the tenant's rules that edges should have; 0 when none were ever given."""
    row = Policy.objects.filter(tenant_id=tenant).first()
    return row.version if row is not None else 0


def rules_by_tenant() -> dict[str, Sequence[AddressRule]]:
    """The rules of every tenant that the context may see, by slug; for the agent and for comparison with a running edge."""
    slugs = {tenant.id: tenant.slug for tenant in tenants(canaries=True)}
    return {
        slugs[row.tenant_id]: [AddressRule(r["kind"], r["network"], tuple(r["classes"])) for r in row.document["rules"]]
        for row in Policy.objects.all()
        if row.tenant_id in slugs
    }


def denied_networks() -> list[str]:
    """Networks refused for everybody."""
    return list(Denied.objects.order_by("network").values_list("network", flat=True))
