"""Reads on address rules and requests of the tenant of the transaction."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from garant.access.models import AccessPolicy, AddressRequest, NetworkRule
from garant.access.policy.addresses import Answer, Rule, parse_network
from garant.identity.service import current_tenant


@dataclass(frozen=True)
class RuleFacts:
    """One rule as a page shows it. `origin`: admin, self or staff. `created_by`, `approved_by`: opaque ids or `system:…`."""

    id: uuid.UUID
    network: str
    verdict: str
    classes: tuple[str, ...]
    label: str
    origin: str
    expires_at: datetime | None
    created_by: str
    approved_by: str
    created_at: datetime


@dataclass(frozen=True)
class RequestFacts:
    """One request as a page shows it. `person`: name of who asked. `state`: pending, approved, auto, refused or expired."""

    id: uuid.UUID
    user: uuid.UUID
    person: str
    network: str
    reason: str
    hours: int
    state: str
    created_at: datetime
    expires_at: datetime
    decided_by: str
    decided_at: datetime | None


@dataclass(frozen=True)
class SelfService:
    """How the tenant treats requests: `approve`, `hours` (opens by itself for at most `hours`) or `off`."""

    mode: str = "approve"
    hours: int = 8


def address_rules() -> list[RuleFacts]:
    """Every rule, denies first, then by network."""
    rows = NetworkRule.objects.filter(tenant_id=current_tenant()).order_by("-verdict", "network")
    return [
        RuleFacts(
            *(row.id, row.network, row.verdict, tuple(row.classes), row.label, row.origin),
            *(row.expires_at, row.created_by, row.approved_by, row.created_at),
        )
        for row in rows
    ]


def rules() -> tuple[Rule, ...]:
    """The rules as `decide()` and the compiler read them, expired ones included: `now` decides."""
    rows = NetworkRule.objects.filter(tenant_id=current_tenant()).values_list("network", "verdict", "classes", "expires_at")
    return tuple(Rule(parse_network(network), Answer(verdict), tuple(classes), end) for network, verdict, classes, end in rows)


def address_requests(*, states: Sequence[str] = ("pending",), limit: int = 100) -> list[RequestFacts]:
    """Requests in these states, the newest first."""
    rows = AddressRequest.objects.filter(tenant_id=current_tenant(), state__in=states).select_related("user").order_by("-created_at")
    return [request_facts(row) for row in rows[:limit]]


def request_facts(row: AddressRequest) -> RequestFacts:
    """The facts of one row; its person is read with it."""
    return RequestFacts(
        *(row.id, row.user_id, str(row.user), row.network, row.reason, row.hours),
        *(row.state, row.created_at, row.expires_at, row.decided_by, row.decided_at),
    )


def self_service() -> SelfService:
    """The tenant's choice about requests; the defaults when it never chose."""
    row = AccessPolicy.objects.filter(tenant_id=current_tenant()).values_list("address_mode", "address_hours").first()
    return SelfService(*row) if row else SelfService()
