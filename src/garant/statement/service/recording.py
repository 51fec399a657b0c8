"""Recording one run: the evidence and its entry in the outbox live or die together."""

import re
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
from garant.statement.queries import verdicts as queries


def record(
    promise: Promise, measure: Measure, seen: Observation | EngineError, now: datetime, *, actor: str = "system:worker"
) -> Sequence[Evidence]:
    """Append one run and give back the runs that its verdict may rest on, this one among them.

    A failed engine leaves a run too, with its words and no facts: silence is evidence of nothing, and must be seen. Its words are
    published: customers are not named in them. Raises TypeError for facts without a canonical form (a float).
    """
    found = Observation(0, 0, {}, Canary.NONE, seen.drift) if isinstance(seen, EngineError) else seen
    content: dict[str, Json] = {
        "id": str(uuid.uuid4()),
        "promise": promise.identity,
        "parameters": promise.parameters,
        "measure": measure.key,
        "checked": found.checked,
        "in_scope": found.in_scope,
        "facts": found.facts,
        "canary": found.canary.value,
        "drift": list(found.drift),
        "error": None,
    }
    if isinstance(seen, EngineError):
        content |= {"error": _discreet(str(seen)), **({"error_fr": _discreet(seen.fr)} if seen.fr else {})}
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


def _discreet(words: str) -> str:
    """The same with each customer's host written as `client` and eight digits of the tenant's id, as facts do."""
    with tenant_transaction(None, scope="operator"):
        customers = {tenant.slug: tenant.id.hex[:8] for tenant in tenants() if not tenant.operator}
        served = hosts()
    for host, slug in served.items():
        if slug in customers:
            words = re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", f"client {customers[slug]}", words)
    return words
