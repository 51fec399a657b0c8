"""Reading recorded runs, the newest verdict of each measure, and the intervals of claims, as values of the kernel."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from garant.kernel.promise import Canary, Evidence
from garant.kernel.text import Text
from garant.kernel.verdicts import State, Verdict
from garant.statement.models import ClaimInterval, Decided, EvidenceRow, MeasureVerdict

RUNS = 20
"""How many of the newest runs a verdict may look at; older than that, only the run on which the latest verdict rests."""

NEWEST = """
select v.* from unnest(%s::text[], %s::text[]) as asked(promise, measure)
cross join lateral (
  select * from statement_measure_verdict v
  where v.promise = asked.promise and v.measure = asked.measure order by v.id desc limit 1
) v
"""


BEFORE = """
select v.* from unnest(%s::text[], %s::text[], %s::bigint[]) as asked(promise, measure, newest)
cross join lateral (
  select * from statement_measure_verdict v
  where v.promise = asked.promise and v.measure = asked.measure and v.id < asked.newest order by v.id desc limit 1
) v
"""
NO_ANSWER = (State.UNPROVEN, State.STALE)


def newest_rows(pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], MeasureVerdict]:
    """The newest verdict row of each (promise identity, measure key) that has one. One query, whatever the history's length."""
    asked = [[promise for promise, _ in pairs], [measure for _, measure in pairs]]
    return {(row.promise, row.measure): row for row in MeasureVerdict.objects.raw(NEWEST, asked)} if pairs else {}


def silences(rows: Mapping[tuple[str, str], MeasureVerdict]) -> dict[tuple[str, str], timedelta]:
    """Of the measures whose newest run gave no answer: how long that run had been waited for; zero where the one before gave one."""
    silent = {pair: row for pair, row in rows.items() if State(row.state) in NO_ANSWER}
    if not silent:
        return {}
    asked = [[row.promise for row in silent.values()], [row.measure for row in silent.values()], [row.id for row in silent.values()]]
    before = {(row.promise, row.measure): row for row in MeasureVerdict.objects.raw(BEFORE, asked)}
    waits = {pair: row.decided_at - before[pair].decided_at for pair, row in silent.items() if pair in before}
    return {pair: waits[pair] if pair in before and State(before[pair].state) in NO_ANSWER else timedelta(0) for pair in silent}


def latest(rows: Mapping[tuple[str, str], MeasureVerdict]) -> dict[tuple[str, str], Verdict]:
    return {pair: verdict(row) for pair, row in rows.items()}


def verdict(row: Decided) -> Verdict:
    """A stored verdict, as decided; whoever shows it reads its age first."""
    return Verdict(
        State(row.state),
        Text(row.reason_fr, row.reason_en),
        Text(row.number_fr, row.number_en),
        Text(row.words_fr, row.words_en),
        tuple(row.evidence),
        row.observed_at,
        row.until,
        row.fresh_until,
    )


def runs(promise: str, measure: str) -> list[Evidence]:
    """The runs that a verdict of this measure may rest on: the newest, and the one on which the latest verdict rests."""
    mine = EvidenceRow.objects.filter(promise=promise, measure=measure)
    rows = {row.id: row for row in mine.order_by("-observed_at")[:RUNS]}
    standing = newest_rows([(promise, measure)]).get((promise, measure))
    if standing is not None:
        rows |= {row.id: row for row in mine.filter(pk__in=standing.evidence)}
    return [evidence(row) for row in rows.values()]


def evidence(row: EvidenceRow) -> Evidence:
    return Evidence(
        id=str(row.id),
        promise=row.promise,
        measure=row.measure,
        observed_at=row.observed_at,
        received_at=row.received_at,
        valid_until=row.valid_until,
        checked=row.checked,
        in_scope=row.in_scope,
        facts=row.facts,
        canary=Canary(row.canary),
        drift=tuple(row.drift),
        error=row.error,
        error_fr=row.error_fr,
        digest=row.digest,
        position=row.position,
    )


def open_intervals(slugs: Collection[str]) -> dict[tuple[str, str], ClaimInterval]:
    """The open interval of each claim of these statements, by slug and claim."""
    rows = ClaimInterval.objects.select_related("statement").filter(statement__slug__in=slugs, ended_at__isnull=True)
    return {(row.statement.slug, row.claim): row for row in rows}


def intervals(slug: str, *, since: datetime) -> Sequence[ClaimInterval]:
    """The intervals that reach past `since`, newest first."""
    return list(ClaimInterval.objects.filter(statement__slug=slug).exclude(ended_at__lt=since).order_by("-began_at", "-id"))
