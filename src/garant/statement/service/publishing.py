"""Publishing: the verdict of a measure is added, and each claim that it bears on is recomputed from all of its measures.

Rules: an interval is written only when something changed; what changed by age alone is dated at the moment when the evidence ran out,
not when somebody looked; each change is one audit entry. One publisher at a time: two keepers of one claim must see each other.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.identity.service import tenant_transaction
from garant.kernel.canonical import moment as written
from garant.kernel.keep import Kept
from garant.kernel.verdicts import Verdict
from garant.statement.models import ClaimInterval, MeasureVerdict, Statement
from garant.statement.policy.binding import Latest, Registry, bound_to, kept_pairs_of, turns
from garant.statement.policy.document import Claim
from garant.statement.queries import verdicts as queries
from garant.statement.queries.binding import documents
from garant.statement.queries.binding import registry as the_registry

PUBLISHER = 0x6761_7261_6E74
"""Key of the advisory lock under which claims are recomputed; held until the end of the transaction."""


def publish(kept: Kept, *, registry: Registry | None = None, actor: str = "system:worker") -> list[str]:
    """Add this verdict and recompute the claims bound to its promise. Returns the ids of those whose interval changed."""
    table = the_registry() if registry is None else registry
    pair = (kept.promise.identity, kept.measure.key)
    with tenant_transaction(None):
        only_one()
        claims = bound_to(documents(), kept.promise)
        changed = settle(claims, registry=table, now=kept.decided_at, actor=actor, added={pair: kept.verdict})
        MeasureVerdict.objects.create(
            promise=kept.promise.identity,
            measure=kept.measure.key,
            run_id=kept.evidence.id,
            decided_at=kept.decided_at,
            **_columns(kept.verdict),
        )
        return sorted(set(changed))


def refresh(*, now: datetime, registry: Registry | None = None, actor: str = "system:worker") -> list[str]:
    """Recompute every claim by the time alone: evidence grows old without any run. Returns the ids of the claims that turned."""
    table = the_registry() if registry is None else registry
    with tenant_transaction(None):
        only_one()
        claims = [(document.slug, claim) for document in documents() for claim in document.claims]
        return settle(claims, registry=table, now=now, actor=actor)


def only_one() -> None:
    """Wait until no other transaction publishes."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [PUBLISHER])


def settle(
    claims: Sequence[tuple[str, Claim]], *, registry: Registry, now: datetime, actor: str, added: Latest | None = None, whole: str = ""
) -> list[str]:
    """Bring the intervals of these claims (slug, claim) up to `now`: first by age, then by the verdicts `added` at this moment.

    `whole`: a statement whose other claims are withdrawn. Returns the id of a claim once for each of its changes.
    """
    slugs = {slug for slug, _ in claims} | ({whole} if whole else set())
    statements = {statement.slug: statement for statement in Statement.objects.filter(slug__in=slugs)}
    pairs = {pair for _, claim in claims for pair in kept_pairs_of(claim, registry)}
    latest = queries.latest(queries.newest_rows(pairs))
    standing = queries.open_intervals(slugs)
    changed = []
    for slug, claim in claims:
        interval = standing.get((slug, claim.id))
        for known in (latest, {**latest, **added}) if added else (latest,):
            before = queries.verdict(interval) if interval else None
            since = interval.began_at if interval else now
            for moment, verdict in turns(claim, registry, known, before, since, now):
                interval = _turn(statements[slug], claim.id, interval, verdict, moment, now, actor)
                changed.append(claim.id)
    kept = {claim.id for _, claim in claims}
    for (slug, id_), interval in standing.items():
        if slug == whole and id_ not in kept:
            _close(interval, now)
    return changed


def _turn(
    statement: Statement, claim: str, interval: ClaimInterval | None, verdict: Verdict, moment: datetime, now: datetime, actor: str
) -> ClaimInterval:
    if interval is not None:
        _close(interval, moment)
    position = audit.append(
        Kind.VERDICT_CHANGED,
        at=now,
        actor=actor,
        payload={
            "statement": statement.slug,
            "claim": claim,
            "from": interval.state if interval else None,
            "to": verdict.state.value,
            "since": written(moment),
            "reason": verdict.reason.as_dict(),
            "evidence": list(verdict.evidence),
        },
    )
    return ClaimInterval.objects.create(statement=statement, claim=claim, began_at=moment, position=position, **_columns(verdict))


def _close(interval: ClaimInterval, moment: datetime) -> None:
    """One guarded update: nobody closes an interval twice."""
    ended = max(moment, interval.began_at)
    ClaimInterval.objects.filter(pk=interval.pk, ended_at__isnull=True).update(ended_at=ended)


def _columns(verdict: Verdict) -> dict[str, object]:
    return {
        "state": verdict.state.value,
        "reason_fr": verdict.reason.fr,
        "reason_en": verdict.reason.en,
        "number_fr": verdict.number.fr,
        "number_en": verdict.number.en,
        "words_fr": verdict.words.fr,
        "words_en": verdict.words.en,
        "evidence": list(verdict.evidence),
        "observed_at": verdict.observed_at,
        "until": verdict.until,
        "fresh_until": verdict.fresh_until,
    }
