"""What pages show of a statement: plain values, both languages, states already read at the moment of the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from garant.kernel.canonical import Json
from garant.kernel.promise import Check
from garant.kernel.schedule import Phase
from garant.kernel.text import Text
from garant.kernel.verdicts import State
from garant.statement.policy.intervals import StripDay


@dataclass(frozen=True)
class ExceptionView:
    """A footnote. `over`: its date is past, and it is shown as such."""

    reason: Text
    approver: str
    granted_at: datetime
    until: datetime
    over: bool


@dataclass(frozen=True)
class MeasureView:
    """One measure of a claim, or one part that nothing measures (`cadence` None)."""

    key: str
    name: Text
    promise: str
    state: State
    reason: Text
    number: Text
    words: Text
    method: str = ""
    vantage: str = ""
    cadence: timedelta | None = None
    freshness: timedelta | None = None
    canary: bool = False
    stand_in: Text | None = None
    phase: Phase | None = None
    last_run: datetime | None = None
    next_run: datetime | None = None
    observed_at: datetime | None = None
    check: Check | None = None


@dataclass(frozen=True, kw_only=True)
class ClaimView:
    """One sentence and what can be said of it now. `kind`: E, M or A.

    `since`: beginning of the present state. `intervals`: state, beginning, end (None: open), newest first, up to now; `strip`
    says the same by calendar day. `checked` of `in_scope`: 0 of 0 when the measures have different populations.
    """

    id: str
    kind: str
    inherited: bool
    family: str
    sentence: Text
    state: State
    since: datetime | None
    reason: Text
    number: Text
    words: Text
    observed_at: datetime | None
    until: datetime | None
    checked: int
    in_scope: int
    evidence_ids: tuple[str, ...]
    checks: Sequence[Check]
    intervals: Sequence[tuple[State, datetime, datetime | None]]
    strip: Sequence[StripDay]
    measures: Sequence[MeasureView]
    notes: Sequence[Text]
    exceptions: Sequence[ExceptionView]

    @property
    def anchor(self) -> str:
        return self.id.lower()


@dataclass(frozen=True)
class ChapterView:
    key: str
    title: Text
    intro: Text | None
    claims: Sequence[ClaimView]


@dataclass(frozen=True)
class StatementPage:
    """A statement at `decided_at`. `counts`: every state that occurs, worst first, with its number of claims. No percentage."""

    slug: str
    title: Text
    intro: Text | None
    operator: str
    version: int
    digest: str
    dated: date
    imported_at: datetime
    review_by: date | None
    excerpt: bool
    chapters: Sequence[ChapterView]
    counts: Sequence[tuple[State, int]]
    worst: State
    decided_at: datetime
    next_check: datetime | None

    @property
    def claims(self) -> list[ClaimView]:
        return [claim for chapter in self.chapters for claim in chapter.claims]

    @property
    def needing_attention(self) -> list[ClaimView]:
        """The claims that are neither kept nor attested, worst first, then in the order of the document."""
        order = {state: place for place, (state, _) in enumerate(self.counts)}
        wrong = [claim for claim in self.claims if claim.state in (State.BROKEN, State.UNPROVEN, State.STALE)]
        return sorted(wrong, key=lambda claim: order[claim.state])


@dataclass(frozen=True)
class StatementSummary:
    """One line of a list of statements. `published`: `garant.toml` names it; such lines come first, in its order."""

    slug: str
    published: bool
    title: Text
    version: int
    dated: date
    excerpt: bool
    claims: int
    counts: Sequence[tuple[State, int]]
    worst: State


@dataclass(frozen=True)
class IntervalView:
    state: State
    began_at: datetime
    ended_at: datetime | None
    reason: Text
    position: int | None
    """Entry in the audit outbox; None when the change by age is read here and not yet written."""


@dataclass(frozen=True)
class EvidenceView:
    """The newest run of one measure, in facts. `scalars` and `tables` lay out `facts` for reading; `position`: entry in the outbox."""

    id: str
    name: Text
    observed_at: datetime
    received_at: datetime
    valid_until: datetime
    checked: int
    in_scope: int
    canary: str
    drift: Sequence[str]
    error: str | None
    facts: Mapping[str, Json]
    scalars: Sequence[tuple[str, str]]
    tables: Sequence["FactTable"]
    digest: str
    position: int


@dataclass(frozen=True)
class FactTable:
    """A list of objects among the facts: a table with one column per key."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Control:
    """A control's key with its parameters. `key` is empty for a claim that nothing keeps yet but that promises figures."""

    key: str
    parameters: Mapping[str, Json]


@dataclass(frozen=True, kw_only=True)
class ClaimPage(ClaimView):
    """One claim in full: its proof page. `statement` and `statement_title`: where it belongs; `history`: newest first."""

    statement: str
    statement_title: Text
    operator: str
    version: int
    chapter: Text
    controls: Sequence[Control]
    history: Sequence[IntervalView]
    evidence: Sequence[EvidenceView]
    decided_at: datetime
