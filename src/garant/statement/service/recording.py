"""Recording one run: the evidence and its entry in the outbox live or die together."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.identity.queries import hosts, tenants
from garant.identity.service import tenant_transaction
from garant.kernel.canonical import Json, digest
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Evidence, Measure, Observation, Promise
from garant.statement.models import EvidenceRow
from garant.statement.policy.discretion import Customers
from garant.statement.queries import verdicts as queries


def record(
    promise: Promise, measure: Measure, seen: Observation | EngineError, now: datetime, *, actor: str = "system:worker"
) -> Sequence[Evidence]:
    """Append one run and give back the runs that its verdict may rest on, this one among them.

    A failed engine leaves a run too, with its words and no facts: silence is evidence of nothing, and must be seen. What is
    recorded is published: customers are not named in it. Raises TypeError for facts without a canonical form (a float).
    """
    found = Observation(0, 0, {}, Canary.NONE, seen.drift) if isinstance(seen, EngineError) else seen
    customers = _customers()
    content: dict[str, Json] = {
        "id": str(uuid.uuid4()),
        "promise": promise.identity,
        "parameters": promise.parameters,
        "measure": measure.key,
        "checked": found.checked,
        "in_scope": found.in_scope,
        "facts": customers.facts(found.facts),
        "canary": found.canary.value,
        "drift": [customers.unnamed(words) for words in found.drift],
        "error": None,
    }
    if isinstance(seen, EngineError):
        content |= {"error": customers.unnamed(str(seen)), **({"error_fr": customers.unnamed(seen.fr)} if seen.fr else {})}
    moments = {"observed_at": now, "received_at": now, "valid_until": now + measure.freshness}
    sealed = digest({**content, **moments})
    with tenant_transaction(None):
        position = audit.append(
            Kind.EVIDENCE_RECORDED,
            at=now,
            actor=actor,
            payload={"evidence": content["id"], "promise": promise.identity, "measure": measure.key, "digest": sealed},
        )
        EvidenceRow.objects.create(**content, **moments, digest=sealed, position=position)
        return queries.runs(promise.identity, measure.key)


def _customers() -> Customers:
    with tenant_transaction(None, scope="operator"):
        known, served = {tenant.slug: tenant for tenant in tenants(canaries=True)}, hosts()
    names = {slug: f"client {tenant.id.hex[:8]}" for slug, tenant in known.items() if not tenant.operator}
    base = next((host for host, slug in served.items() if slug in known and known[slug].operator), "")
    return Customers(base, {host: names[slug] for host, slug in served.items() if slug in names}, names)
