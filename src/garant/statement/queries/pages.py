"""The trust page and the proof page, as values. Every state is read at `now`: a silent worker turns them stale by itself.

page("aso", now)              StatementPage, or None when there is no such statement
claim("aso", "ASO-16", now)   ClaimPage, or None
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from garant.kernel.clock import SystemClock
from garant.kernel.promise import Check
from garant.kernel.schedule import phase
from garant.kernel.text import Text
from garant.kernel.verdicts import WORST_FIRST, State, Verdict
from garant.statement.models import ClaimInterval, EvidenceRow, ExceptionRow, MeasureVerdict, Version
from garant.statement.policy.binding import Part, Registry, kept_pairs, parts, turns, verdict_of
from garant.statement.policy.document import Claim, Document
from garant.statement.policy.intervals import Day, Stretch, calendar, since, strip
from garant.statement.queries import verdicts as rows
from garant.statement.queries.binding import document_of, registry, versions
from garant.statement.queries.facts import laid_out
from garant.statement.queries.views import (
    ChapterView,
    ClaimPage,
    ClaimView,
    Control,
    EvidenceView,
    ExceptionView,
    IntervalView,
    MeasureView,
    StatementPage,
    StatementSummary,
)

__all__ = ["ClaimPage", "ClaimView", "StatementPage", "claim", "page", "statements"]

ORDER = (*WORST_FIRST, State.NOT_APPLICABLE)


@dataclass(frozen=True)
class _Reading:
    """Everything that one statement's page is made of, fetched in a handful of queries."""

    version: Version
    document: Document
    table: Registry
    newest: Mapping[tuple[str, str], MeasureVerdict]
    latest: Mapping[tuple[str, str], Verdict]
    history: Mapping[str, Sequence[ClaimInterval]]
    exceptions: Sequence[ExceptionRow]
    population: Mapping[str, tuple[int, int]]
    now: datetime
    days: Sequence[Day]


def statements(now: datetime | None = None) -> list[StatementSummary]:
    """Every statement in force, those that `garant.toml` publishes first and in its order. `now`: default the machine's clock."""
    moment = now or SystemClock().now()
    published = [name.removesuffix(".toml").rpartition("/")[2] for name in settings.GARANT.statements]
    found = [page(version.statement.slug, moment, days=1) for version in versions()]
    made = [
        StatementSummary(p.slug, p.slug in published, p.title, p.version, p.dated, p.excerpt, len(p.claims), p.counts, p.worst)
        for p in found
        if p is not None
    ]
    return sorted(made, key=lambda each: (published.index(each.slug) if each.published else len(published), each.slug))


def page(slug: str, now: datetime, days: int = 90) -> StatementPage | None:
    """The statement `slug` at `now`, each claim with a strip of `days` calendar days."""
    reading = _read(slug, now, days)
    if reading is None:
        return None
    document, version = reading.document, reading.version
    views = {each.id: _claim_view(each, reading) for each in document.claims}
    counted = Counter(view.state for view in views.values())
    counts = [(state, counted[state]) for state in ORDER if counted[state]]
    chapters = [
        ChapterView(chapter.key, chapter.title, chapter.intro, [views[each.id] for each in document.claims if each.chapter == chapter.key])
        for chapter in document.chapters
    ]
    coming = [each.next_run for view in views.values() for each in view.measures if each.next_run is not None]
    return StatementPage(
        slug=slug,
        title=document.title,
        intro=document.intro,
        operator=settings.GARANT.operator,
        version=version.number,
        digest=version.digest,
        dated=document.dated,
        imported_at=version.imported_at,
        review_by=document.review_by,
        excerpt=document.excerpt,
        chapters=chapters,
        counts=counts,
        worst=counts[0][0],
        decided_at=now,
        next_check=min(coming, default=None),
    )


def claim(slug: str, id_: str, now: datetime, days: int = 90) -> ClaimPage | None:
    """One claim of a statement, with its intervals of the last `days` days and the newest run of each measure."""
    reading = _read(slug, now, days)
    found = reading.document.claim(id_.upper()) if reading else None
    if reading is None or found is None:
        return None
    chapter = next(each for each in reading.document.chapters if each.key == found.chapter)
    controls = [Control(promise.key, promise.parameters) for promise in found.promises]
    if not controls and found.parameters:
        controls = [Control("", found.parameters)]
    view = _claim_view(found, reading)
    return ClaimPage(
        **{field.name: getattr(view, field.name) for field in fields(view)},
        statement=slug,
        statement_title=reading.document.title,
        operator=settings.GARANT.operator,
        version=reading.version.number,
        chapter=chapter.title,
        controls=controls,
        history=_intervals(found, reading),
        evidence=_evidence(found, reading),
        decided_at=now,
    )


def _read(slug: str, now: datetime, days: int) -> _Reading | None:
    version = Version.objects.select_related("statement").filter(statement__slug=slug).order_by("-number").first()
    if version is None:
        return None
    document, table = document_of(version), registry()
    shown = calendar(now, days=days, zone=ZoneInfo(settings.TIME_ZONE))
    newest = rows.newest_rows(kept_pairs([document], table).keys())
    history: dict[str, list[ClaimInterval]] = {}
    for interval in rows.intervals(slug, since=shown[0].start):
        history.setdefault(interval.claim, []).append(interval)
    exceptions = list(ExceptionRow.objects.filter(statement=version.statement).order_by("-id"))
    asked = {id_ for row in newest.values() for id_ in row.evidence}
    population = {
        str(id_): (checked, in_scope)
        for id_, checked, in_scope in EvidenceRow.objects.filter(pk__in=asked).values_list("id", "checked", "in_scope")
    }
    return _Reading(version, document, table, newest, rows.latest(newest), history, exceptions, population, now, shown)


def _claim_view(each: Claim, reading: _Reading) -> ClaimView:
    verdict = verdict_of(each, reading.table, reading.latest, reading.now)
    measures = [_measure_view(part, reading) for part in parts(each, reading.table, reading.latest, reading.now)]
    history = _intervals(each, reading)
    stretches = [Stretch(view.state, view.began_at, view.ended_at) for view in history]
    populations = [reading.population[id_] for id_ in verdict.evidence if id_ in reading.population]
    shown = populations[0] if len(set(populations)) == 1 else (0, 0)
    return ClaimView(
        id=each.id,
        kind=each.kind,
        inherited=each.inherited,
        family=each.family,
        sentence=each.sentence,
        state=verdict.state,
        since=since(stretches, reading.now),
        reason=verdict.reason,
        number=verdict.number,
        words=verdict.words,
        observed_at=verdict.observed_at,
        until=verdict.until if verdict.state is State.ATTESTED else None,
        checked=shown[0],
        in_scope=shown[1],
        evidence_ids=verdict.evidence,
        checks=_checks(measures),
        intervals=[(view.state, view.began_at, view.ended_at) for view in history],
        strip=strip(stretches, reading.days),
        measures=measures,
        notes=[note.text for note in each.notes if not note.tls or settings.GARANT.tls_profile in note.tls],
        exceptions=[_exception_view(row, reading.now) for row in reading.exceptions if row.claim == each.id],
    )


def _measure_view(part: Part, reading: _Reading) -> MeasureView:
    verdict, measure = part.verdict, part.measure
    shown = MeasureView(part.key, part.name, part.promise.key, verdict.state, verdict.reason, verdict.number, verdict.words)
    if measure is None:
        return shown
    row = reading.newest.get((part.promise.identity, part.key))
    last = row.decided_at if row else None
    return MeasureView(
        **{name: getattr(shown, name) for name in ("key", "name", "promise", "state", "reason", "number", "words")},
        method=measure.method.value,
        vantage=measure.vantage,
        cadence=measure.cadence,
        freshness=measure.freshness,
        canary=measure.canary,
        stand_in=measure.stand_in,
        phase=phase(measure, last, reading.now),
        last_run=last,
        next_run=last + measure.cadence if last else None,
        observed_at=verdict.observed_at,
        check=measure.check,
    )


def _checks(measures: Sequence[MeasureView]) -> list[Check]:
    """What a stranger can run, each command once."""
    return list({measure.check.command: measure.check for measure in measures if measure.check is not None}.values())


def _intervals(each: Claim, reading: _Reading) -> list[IntervalView]:
    """The intervals on record, continued to now by what time alone has done since somebody last wrote. Newest first."""
    made = [
        IntervalView(State(row.state), row.began_at, row.ended_at, Text(row.reason_fr, row.reason_en), row.position)
        for row in reversed(reading.history.get(each.id, []))
    ]
    standing = next((row for row in reading.history.get(each.id, []) if row.ended_at is None), None)
    if standing is not None:
        for moment, verdict in turns(each, reading.table, reading.latest, rows.verdict(standing), standing.began_at, reading.now):
            last = made[-1]
            made[-1] = IntervalView(last.state, last.began_at, moment, last.reason, last.position)
            made.append(IntervalView(verdict.state, moment, None, verdict.reason, None))
    return made[::-1]


def _exception_view(row: ExceptionRow, now: datetime) -> ExceptionView:
    return ExceptionView(Text(row.reason_fr, row.reason_en), row.approver, row.granted_at, row.expires_at, now >= row.expires_at)


def _evidence(each: Claim, reading: _Reading) -> list[EvidenceView]:
    measured = [part for part in parts(each, reading.table, reading.latest, reading.now) if part.measure is not None]
    names = {(part.promise.identity, part.key): part.name for part in measured}
    runs = {reading.newest[pair].run_id: pair for pair in names if pair in reading.newest}
    found = {row.id: row for row in EvidenceRow.objects.filter(pk__in=runs)}
    return [_evidence_view(found[id_], names[pair]) for id_, pair in runs.items() if id_ in found]


def _evidence_view(row: EvidenceRow, name: Text) -> EvidenceView:
    scalars, tables = laid_out(row.facts)
    return EvidenceView(
        id=str(row.id),
        name=name,
        observed_at=row.observed_at,
        received_at=row.received_at,
        valid_until=row.valid_until,
        checked=row.checked,
        in_scope=row.in_scope,
        canary=row.canary,
        drift=tuple(row.drift),
        error=row.error,
        facts=row.facts,
        scalars=scalars,
        tables=tables,
        digest=row.digest,
        position=row.position,
    )
