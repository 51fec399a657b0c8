"""What probes do in place of an administrator or of time, each act in a transaction of its own."""

import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from garant.access.engines.probes import mark, population
from garant.access.models import AddressRequest, NetworkRule
from garant.access.policy.settings import AddressMode, Binding, FactorRule
from garant.access.queries.addresses import self_service
from garant.access.queries.settings import settings
from garant.access.service.addresses import add_rule, approve_request, expire_due, remove_rule
from garant.access.service.settings import change_settings
from garant.audit import queries as audit
from garant.drivers.process import Deadline
from garant.edge import queries as edge
from garant.edge import service as edge_verbs
from garant.edge.service import Difference
from garant.identity.queries import TenantFacts
from garant.identity.service import tenant_transaction
from garant.kernel.clock import Clock
from garant.kernel.errors import EngineError, Refused

ACTOR = "system:prober"
REACH = 10.0
"""Seconds within which every edge must have applied a change of rules."""

SEEN = timedelta(seconds=60)
"""An edge that has not reported for so long does not run; who watches processes tells so."""


class TenantActs:
    """The acts of the address drill."""

    def allow(self, tenant: TenantFacts, network: str, at: datetime) -> uuid.UUID:
        with tenant_transaction(tenant.id):
            return add_rule(
                network=network,
                verdict="allow",
                classes=("login", "member"),
                at=at,
                actor=ACTOR,
                label="Essai de Garant",
                origin="staff",
                expires_at=at + timedelta(hours=1),
            )

    def remove(self, tenant: TenantFacts, rule: uuid.UUID, at: datetime) -> None:
        with tenant_transaction(tenant.id):
            remove_rule(rule=rule, at=at, actor=ACTOR, confirm=True)

    def approve_newest(self, tenant: TenantFacts, user: uuid.UUID, at: datetime) -> bool:
        with tenant_transaction(tenant.id):
            rows = AddressRequest.objects.filter(tenant_id=tenant.id, user_id=user, state="pending").order_by("-created_at")
            newest = rows.values_list("pk", flat=True).first()
            if newest is None:
                return False
            try:
                approve_request(request=newest, at=at, actor=ACTOR)
            except Refused as error:
                raise EngineError(f"the canary's request could not be approved: {error}") from error
            return True

    def opened(self, tenant: TenantFacts, network: str) -> tuple[uuid.UUID, datetime | None] | None:
        with tenant_transaction(tenant.id):
            rows = NetworkRule.objects.filter(tenant_id=tenant.id, network=network, verdict="allow", origin="self")
            return rows.values_list("pk", "expires_at").first()

    def expire(self, tenant: TenantFacts, rule: uuid.UUID, at: datetime) -> int:
        """Time passes for this rule alone; then what every minute does."""
        with tenant_transaction(tenant.id):
            NetworkRule.objects.filter(tenant_id=tenant.id, pk=rule, expires_at__gt=at).update(expires_at=at)
            return expire_due(at=at, actor=ACTOR)

    def mode(self, tenant: TenantFacts) -> str:
        with tenant_transaction(tenant.id):
            return self_service().mode

    def entries(self, tenant: TenantFacts, subject: str) -> list[str]:
        with tenant_transaction(tenant.id):
            return [entry.kind for entry in audit.entries(tenant=tenant.id, limit=200) if entry.payload.get("rule") == subject]


def edges_behind(clock: Clock, run: Path) -> list[str]:
    """Edges that are seen to run and have not applied a tenant's newest rules within `REACH`; then what the edge of this machine, in
    `run`, holds that no policy says, for all of `REACH`: in words. The agents are told to fill their edges again."""
    late: list[str] = []
    for _ in Deadline(REACH).tries(0.2):
        late = _late(clock)
        if not late:
            break
    other = _unlike(run)
    if other:
        with tenant_transaction(None):
            edge_verbs.fill_again()
    return [*late, *other]


def _unlike(run: Path) -> list[str]:
    """Only what is seen each time: a change of rules on its way is no drift."""
    lasting: set[Difference] | None = None
    for _ in Deadline(REACH).tries(0.5):
        with tenant_transaction(None, scope="operator"):
            seen = set(edge_verbs.running_differences(run))
        lasting = seen if lasting is None else lasting & seen
        if not lasting:
            return []
    marks = {tenant.slug: f"client {mark(tenant)}" for tenant in population()}
    places = Counter((each.file, _client(each, marks)) for each in lasting or ())
    return [
        f"liste en cours autre que la politique / running map differs from compiled policy: {file} ({client}, {number})"
        for (file, client), number in sorted(places.items())
    ]


def _client(each: Difference, marks: Mapping[str, str]) -> str:
    """Whose entry it is: `zone|slug|class` in the list of addresses, a slug as the value in the list of hosts."""
    slugs = {*each.key.split("|"), each.running, each.wanted}
    return next((marks[slug] for slug in slugs if slug in marks), "–")


def _late(clock: Clock) -> list[str]:
    alive = {each.name for each in edge.edges(now=clock.now()) if each.lag < SEEN}
    said = []
    for tenant in population():
        with tenant_transaction(tenant.id):
            wanted = edge.policy_version(tenant=tenant.id)
            held = {each.edge: each.version for each in edge.applied(tenant=tenant.id)}
        said += [
            f"règles non appliquées / rules not applied: {name} ({mark(tenant)})" for name in sorted(alive) if held.get(name, 0) < wanted
        ]
    return said


def try_each_setting(tenant: TenantFacts, clock: Clock) -> Mapping[str, bool]:
    """Change each setting of a tenant through the verb, read it back, and undo all: name to whether it held."""
    held: dict[str, bool] = {}
    with tenant_transaction(tenant.id):
        before = settings()
        other = {
            "factor_rule": _other(before.factor_rule, list(FactorRule)),
            "binding": _other(before.binding, list(Binding)),
            "address_mode": _other(before.address_mode, list(AddressMode)),
            "idle": _other(before.idle, [timedelta(minutes=20), timedelta(minutes=25)]),
            "absolute": _other(before.absolute, [timedelta(hours=10), timedelta(hours=11)]),
            "address_life": _other(before.address_life, [timedelta(hours=5), timedelta(hours=6)]),
        }
        for name, value in other.items():
            with transaction.atomic():
                change_settings(actor=ACTOR, at=clock.now(), **{name: value})
                held[name] = getattr(settings(), name) == value
                transaction.set_rollback(True)
        held["undone"] = settings() == before
    return held


def _other(present: object, choices: list[object]) -> object:
    return next(choice for choice in choices if choice != present)
