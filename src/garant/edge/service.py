"""Verbs of the edge, called inside the caller's transaction: each writes its row and tells the agents, who act when it commits.

    revoke(kind="u", key=str(user.id), tenant=user.tenant_id, at=now, actor=...)      # every live decision of the person dies
    put_address_rules(tenant=tenant.id, rules=[AddressRule("allow", "192.0.2.0/24", ("login", "member"))], at=now, actor=...)

A refusal is effective on a local edge within 100 ms (DESIGN, times to refusal): PostgreSQL delivers the notice at commit, the agent
hands it to HAProxy. What is lost on the way is caught by the agent's poll, each second.
"""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from django.db import connection

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.drivers.haproxy import Runtime
from garant.edge.engines import haproxy
from garant.edge.engines.haproxy import Difference, Lists, Places
from garant.edge.fence import hold as hold_fence
from garant.edge.fence import pass_shared as pass_fence
from garant.edge.models import Denied, Policy, Revocation
from garant.edge.policy.addresses import AddressRule, compile_addresses, parse_network
from garant.edge.queries import denied_networks, rules_by_tenant
from garant.identity.queries import hosts
from garant.kernel.canonical import canonical
from garant.kernel.errors import InputError

__all__ = [
    "CHANNEL",
    "FILL",
    "AddressRule",
    "Difference",
    "deny_everywhere",
    "fill_again",
    "hold_fence",
    "hosts_changed",
    "lists_from_database",
    "pass_fence",
    "put_address_rules",
    "revoke",
    "running_differences",
    "session_key",
]

CHANNEL = "garant_edge"
FILL = "fill"
"""The notice of `fill_again`."""


def session_key(session: str) -> str:
    """The key under which the edge knows a session: SHA-256 of the cookie's value, as HAProxy writes it (upper case)."""
    return hashlib.sha256(session.encode()).hexdigest().upper()


def revoke(*, kind: Literal["s", "u", "t"], key: str, tenant: uuid.UUID | None, at: datetime, actor: str) -> int:
    """End the live decisions of a session (`s`, SHA-256 in upper case), a user (`u`, uuid) or a tenant (`t`, slug).

    Decisions taken after this moment (database clock, milliseconds, returned) are not touched: it is the decision service that refuses
    a person, the edge only stops believing older answers. Running connections of these decisions are cut too.

    Takes the tenant's fence (`edge.fence`) until the end of the transaction, so that no decision is taken on the old rows meanwhile.
    """
    if kind not in ("s", "u", "t") or not key or not key.isprintable() or set(key) & set(" |;,\\"):
        raise InputError(f"{kind}:{key} is not something that the edge can revoke")
    if tenant is not None:
        hold_fence(tenant)
    with connection.cursor() as cursor:
        cursor.execute("select edge_clock_ms()")
        not_before = int(cursor.fetchone()[0])
    Revocation.objects.create(kind=kind, key=key, not_before_ms=not_before, tenant_id=tenant, created_at=at)
    audit.append(Kind.EDGE_REVOKED, at=at, actor=actor, tenant=tenant, payload={"kind": kind, "key": key, "not_before_ms": not_before})
    _tell(f"revoke {kind}:{key} {not_before}")
    return not_before


def put_address_rules(*, tenant: uuid.UUID, rules: Sequence[AddressRule], at: datetime, actor: str) -> int:
    """Replace the rules of a tenant; returns the version that edges will acknowledge. Raises InputError for a bad network.

    To open the page where a refused person asks for their address, give rules of the class `address` (`allow 0.0.0.0/0`, `allow ::/0`).
    The caller raises the tenant's epoch (`revoke(kind="t")`) so that decisions taken under the old rules are asked again.
    """
    document = {
        "rules": [{"kind": rule.kind, "network": str(parse_network(rule.network)), "classes": sorted(set(rule.classes))} for rule in rules]
    }
    with connection.cursor() as cursor:
        cursor.execute("select nextval('edge_policy_version')")
        version = int(cursor.fetchone()[0])
    Policy.objects.update_or_create(tenant_id=tenant, defaults={"version": version, "document": document, "changed_at": at})
    audit.append(
        Kind.POLICY_CHANGED,
        at=at,
        actor=actor,
        tenant=tenant,
        payload={"address_rules": len(rules), "version": version, "digest": hashlib.sha256(canonical(document)).hexdigest()},
    )
    _tell("policy")
    return version


def deny_everywhere(*, network: str, reason: str, at: datetime, actor: str) -> None:
    """Refuse a network on every host, before anything else (operator's scope)."""
    name = str(parse_network(network))
    Denied.objects.update_or_create(network=name, defaults={"reason": reason, "created_at": at})
    audit.append(Kind.POLICY_CHANGED, at=at, actor=actor, payload={"denied": name, "reason": reason})
    _tell("policy")


def hosts_changed() -> None:
    """A tenant was added, renamed or suspended: agents read the list of hosts again."""
    _tell("policy")


def fill_again() -> None:
    """Agents fill their edges from the database, whatever they believe that these hold."""
    _tell(FILL)


def lists_from_database() -> Lists:
    """What every edge should hold now, as far as the context may see: a role or a scope that sees all tenants."""
    return Lists(hosts(), compile_addresses(rules_by_tenant()), tuple(denied_networks()))


def running_differences(run: Path) -> list[Difference]:
    """Where the edge of this directory does not hold `lists_from_database()`; empty too where no edge runs. Raises EngineError.

    A change that agents are about to apply is a difference as well: look again before you call it drift.
    """
    places = Places(run)
    return haproxy.list_differences(Runtime(places.runtime), places, lists_from_database()) if places.runtime.exists() else []


def _tell(message: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify(%s, %s)", [CHANNEL, message])
