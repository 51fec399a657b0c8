"""The page for programs: plain values with a canonical form, French and English together, nothing left out.

    statement.json   what is promised: sentences, controls, parameters, measures
    verdicts.json    whether it is kept: state, since, reason, number, population, evidence with digests

A broken or unproven claim is in both, always. Moments are RFC 3339 in UTC; durations are whole seconds.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from garant.kernel.canonical import Json, moment
from garant.kernel.text import Text
from garant.statement.models import EvidenceRow
from garant.statement.queries.views import ClaimView, ExceptionView, MeasureView, StatementPage


def statement_json(page: StatementPage) -> dict[str, Json]:
    """What is promised."""
    return {
        **_head(page),
        "chapters": [{"key": chapter.key, "title": _text(chapter.title), "intro": _text(chapter.intro)} for chapter in page.chapters],
        "claims": [_promised(chapter.key, claim) for chapter in page.chapters for claim in chapter.claims],
    }


def verdicts_json(page: StatementPage) -> dict[str, Json]:
    """Whether it is kept."""
    asked = {id_ for claim in page.claims for id_ in claim.evidence_ids}
    digests = {str(row.id): row for row in EvidenceRow.objects.filter(pk__in=asked)}
    return {
        **_head(page),
        "decided_at": moment(page.decided_at),
        "next_check": _moment(page.next_check),
        "worst": page.worst.value,
        "counts": {state.value: number for state, number in page.counts},
        "verdicts": [_verdict(claim, digests, page.decided_at) for claim in page.claims],
    }


def _head(page: StatementPage) -> dict[str, Json]:
    return {
        "statement": page.slug,
        "title": _text(page.title),
        "operator": page.operator,
        "version": page.version,
        "digest": page.digest,
        "dated": page.dated.isoformat(),
        "review_by": page.review_by.isoformat() if page.review_by else None,
        "excerpt": page.excerpt,
    }


def _promised(chapter: str, claim: ClaimView) -> dict[str, Json]:
    return {
        "id": claim.id,
        "chapter": chapter,
        "class": claim.kind,
        "inherited": claim.inherited,
        "family": claim.family,
        "sentence": _text(claim.sentence),
        "notes": [_text(note) for note in claim.notes],
        "state": claim.state.value,
        "measures": [_measure(each) for each in claim.measures],
    }


def _measure(each: MeasureView) -> dict[str, Json]:
    check: Json = {"command": each.check.command, "expected": _text(each.check.expected)} if each.check else None
    return {
        "key": each.key,
        "control": each.promise,
        "name": _text(each.name),
        "measured": each.cadence is not None,
        "method": each.method or None,
        "vantage": each.vantage or None,
        "cadence_seconds": _seconds(each.cadence),
        "freshness_seconds": _seconds(each.freshness),
        "canary": each.canary,
        "stand_in": _text(each.stand_in),
        "check": check,
    }


def _verdict(claim: ClaimView, evidence: Mapping[str, EvidenceRow], now: datetime) -> dict[str, Json]:
    return {
        "claim": claim.id,
        "state": claim.state.value,
        "since": _moment(claim.since),
        "reason": _text(claim.reason),
        "number": _text(claim.number),
        "words": _text(claim.words),
        "observed_at": _moment(claim.observed_at),
        "age_seconds": _seconds(now - claim.observed_at) if claim.observed_at else None,
        "until": _moment(claim.until),
        "checked": claim.checked,
        "in_scope": claim.in_scope,
        "exceptions": [_exception(each) for each in claim.exceptions],
        "evidence": [
            {"id": id_, "digest": evidence[id_].digest, "entry": evidence[id_].position, "observed_at": moment(evidence[id_].observed_at)}
            for id_ in claim.evidence_ids
            if id_ in evidence
        ],
        "measures": [
            {
                "key": each.key,
                "control": each.promise,
                "state": each.state.value,
                "reason": _text(each.reason),
                "last_run": _moment(each.last_run),
            }
            for each in claim.measures
        ],
    }


def _exception(each: ExceptionView) -> dict[str, Json]:
    return {"reason": _text(each.reason), "approver": each.approver, "until": moment(each.until), "over": each.over}


def _text(value: Text | None) -> Json:
    return value.as_dict() if value else None


def _moment(value: datetime | None) -> Json:
    return moment(value) if value else None


def _seconds(value: timedelta | None) -> Json:
    return int(value.total_seconds()) if value is not None else None
