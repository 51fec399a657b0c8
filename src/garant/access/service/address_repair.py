"""Rules that changed behind Garant's back are found and brought back.

Two comparisons, within one transaction of the tenant:

- the table against the log: a rule is there if and only if an entry says that it was added and none that it went. A rule without an
  entry is taken out (nobody may open a door without leaving a trace); a rule that vanished without one is put back;
- what is published to the edges against the table: published anew where they differ.

What was wrong is said in words, in both languages at once, and leaves entries. The words are published: no network is in them, since it
would tell who the customer is.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from garant.access import fence
from garant.access.engines.probes import WITNESS, mark
from garant.access.models import NetworkRule
from garant.access.policy.addresses import Answer, Rule, parse_address, parse_network, verdict
from garant.access.queries.addresses import rules
from garant.access.service.addresses import add_rule, compiled_rules, publish_rules
from garant.audit import queries as audit_queries
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.edge import queries as edge
from garant.identity.queries import TenantFacts
from garant.identity.service import tenant_transaction

ACTOR = "system:prober"
KINDS = (Kind.ADDRESS_RULE_ADDED, Kind.ADDRESS_RULE_REMOVED, Kind.ADDRESS_RULE_EXPIRED)
ALL = 1_000_000


def repair_rules(tenant: TenantFacts, at: datetime) -> list[str]:
    """Bring one tenant's rules back, in a transaction of its own; what was wrong, in words."""
    with tenant_transaction(tenant.id):
        fence.hold(tenant.id)
        said = [*_against_log(tenant, at)]
        wanted = {(rule.kind, rule.network, frozenset(rule.classes)) for rule in compiled_rules(at=at)}
        published = {(rule.kind, rule.network, frozenset(rule.classes)) for rule in edge.rules_by_tenant().get(tenant.slug, ())}
        if wanted != published and (said or published or rules()):
            if not said:
                said.append(f"règles publiées / published rules ({mark(tenant)})")
            publish_rules(at=at, actor=ACTOR)
        return said


def keep_witness(tenant: TenantFacts, at: datetime) -> list[str]:
    """See that a range is refused from which nobody can come, so that the refusal of ranges can be tried (INT-54)."""
    with tenant_transaction(tenant.id):
        denies = [rule for rule in rules() if rule.answer is Answer.DENY]
        inside = parse_address(str(parse_network(WITNESS)[1]))
        if any(verdict(denies, inside, kind, at) is not Answer.DENY for kind in ("login", "member")):
            add_rule(
                network=WITNESS,
                verdict="deny",
                classes=("public", "login", "member"),
                at=at,
                actor=ACTOR,
                label="Plage témoin de Garant (essais)",
                origin="staff",
            )
    return []


def _against_log(tenant: TenantFacts, at: datetime) -> list[str]:
    logged = _logged(tenant.id)
    said = []
    for row in NetworkRule.objects.filter(tenant_id=tenant.id):
        entry = logged.pop(str(row.id), None)
        if entry is None:
            said.append(f"règle sans trace / rule without a trace: {row.verdict} ({mark(tenant)})")
            _log(Kind.ADDRESS_RULE_REMOVED, row, at)
            row.delete()
        elif _content(row) != _said(entry):
            said.append(f"règle modifiée / rule changed: {row.verdict} ({mark(tenant)})")
            row.network, row.verdict, row.classes = entry["network"], entry["verdict"], list(entry["classes"])
            row.expires_at = _end(entry)
            row.save(update_fields=["network", "verdict", "classes", "expires_at"])
    for key, entry in logged.items():
        end = _end(entry)
        if end is not None and end <= at:
            continue
        said.append(f"règle disparue / rule vanished: {entry['verdict']} ({mark(tenant)})")
        _put_back(tenant, uuid.UUID(key), entry, at)
    return said


def _logged(tenant: uuid.UUID) -> dict[str, Mapping[str, Any]]:
    """Rules that should be there, by id, as their newest entry tells them."""
    found: dict[str, Mapping[str, Any]] = {}
    for entry in reversed(audit_queries.entries(tenant=tenant, limit=ALL, kinds=[kind.value for kind in KINDS])):
        if entry.kind == Kind.ADDRESS_RULE_ADDED.value:
            found[entry.payload["rule"]] = entry.payload
        else:
            found.pop(entry.payload["rule"], None)
    return found


def _put_back(tenant: TenantFacts, key: uuid.UUID, entry: Mapping[str, Any], at: datetime) -> None:
    row = NetworkRule(
        id=key,
        tenant_id=tenant.id,
        network=entry["network"],
        verdict=entry["verdict"],
        classes=list(entry["classes"]),
        label="",
        origin=entry["origin"],
        expires_at=_end(entry),
        created_by=ACTOR,
        created_at=at,
    )
    row.save(force_insert=True)
    _log(Kind.ADDRESS_RULE_ADDED, row, at)


def _content(row: NetworkRule) -> Rule:
    return Rule(parse_network(row.network), Answer(row.verdict), tuple(sorted(row.classes)), row.expires_at)


def _said(entry: Mapping[str, Any]) -> Rule:
    return Rule(parse_network(entry["network"]), Answer(entry["verdict"]), tuple(sorted(entry["classes"])), _end(entry))


def _end(entry: Mapping[str, Any]) -> datetime | None:
    return datetime.fromisoformat(entry["expires_at"]) if entry["expires_at"] else None


def _log(kind: Kind, row: NetworkRule, at: datetime) -> None:
    audit.append(
        kind,
        at=at,
        actor=ACTOR,
        tenant=row.tenant_id,
        payload={
            "rule": str(row.id),
            "network": row.network,
            "verdict": row.verdict,
            "classes": list(row.classes),
            "origin": row.origin,
            "expires_at": row.expires_at.isoformat() if row.expires_at else None,
        },
    )
