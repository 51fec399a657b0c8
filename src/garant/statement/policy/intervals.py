"""How long a claim has stood in its state, and what its days looked like. Pure; intervals come in any order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import groupby

from garant.kernel.clock import aware
from garant.kernel.verdicts import WORST_FIRST, State


@dataclass(frozen=True)
class Stretch:
    """A claim stood in `state` from `began_at` until `ended_at`; None: it still does."""

    state: State
    began_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True)
class StripDay:
    """One calendar day and the worst state that it saw; None: nothing was published yet."""

    day: date
    state: State | None


@dataclass(frozen=True)
class Span:
    """Days in a row with the same state: `first` counts from the strip's start, `length` in days."""

    state: State | None
    first: int
    length: int


def since(stretches: Iterable[Stretch], now: datetime) -> datetime | None:
    """The beginning of the present state, unbroken: any lapse restarts it, a mere change of reason does not. None without history."""
    history = sorted((each for each in stretches if each.began_at <= aware(now)), key=_order, reverse=True)
    if not history or (history[0].ended_at is not None and history[0].ended_at < aware(now)):
        return None
    present = history[0]
    for earlier in history[1:]:
        if earlier.state is not present.state or earlier.ended_at != present.began_at:
            break
        present = earlier
    return present.began_at


def strip(stretches: Iterable[Stretch], now: datetime, *, days: int, zone: tzinfo) -> list[StripDay]:
    """The last `days` calendar days of `zone`, oldest first, today last. A day shows the worst that it saw."""
    history = list(stretches)
    today = aware(now).astimezone(zone).date()
    made = []
    for back in range(days - 1, -1, -1):
        day = today - timedelta(days=back)
        start = datetime(day.year, day.month, day.day, tzinfo=zone)
        following = day + timedelta(days=1)
        end = min(datetime(following.year, following.month, following.day, tzinfo=zone), aware(now))
        seen = [each.state for each in history if each.began_at < end and (each.ended_at or end) > start and _lasted(each)]
        made.append(StripDay(day, min(seen, key=_rank, default=None)))
    return made


def spans(days: Sequence[StripDay]) -> list[Span]:
    """The strip as runs of equal days, for drawing."""
    made, first = [], 0
    for state, run in groupby(days, key=lambda each: each.state):
        length = len(list(run))
        made.append(Span(state, first, length))
        first += length
    return made


def _lasted(stretch: Stretch) -> bool:
    return stretch.ended_at is None or stretch.ended_at > stretch.began_at


def _rank(state: State) -> int:
    return WORST_FIRST.index(state) if state in WORST_FIRST else len(WORST_FIRST)


def _order(stretch: Stretch) -> tuple[datetime, bool, datetime]:
    return (stretch.began_at, stretch.ended_at is None, stretch.ended_at or stretch.began_at)
