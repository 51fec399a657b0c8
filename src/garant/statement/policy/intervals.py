"""How long a claim has stood in its state, and what its days looked like. Pure; intervals come in any order."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

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
class Day:
    """A calendar day of a zone as a stretch of time, cut at the present."""

    day: date
    start: datetime
    end: datetime


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


def calendar(now: datetime, *, days: int, zone: tzinfo) -> list[Day]:
    """The last `days` calendar days of `zone`, oldest first, today last and cut at `now`. A day is 23 to 25 hours long."""
    today = aware(now).astimezone(zone).date()
    dates = [today - timedelta(days=back) for back in range(days - 1, -2, -1)]
    starts = [datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in dates]
    return [Day(day, start, min(end, aware(now))) for day, start, end in zip(dates[:-1], starts[:-1], starts[1:], strict=True)]


def strip(stretches: Iterable[Stretch], days: Sequence[Day]) -> list[StripDay]:
    """Each day and the worst state that it saw.

    The first day of a sentence shows what its first runs proved, not the moments before they were through.
    """
    seen: list[State | None] = [None] * len(days)
    starts = [day.start for day in days]
    lasting = sorted((each for each in stretches if _lasted(each)), key=_order)
    for stretch in lasting[1:] if _was_beginning(lasting, days) else lasting:
        for index in range(max(bisect_right(starts, stretch.began_at) - 1, 0), len(days)):
            day = days[index]
            if stretch.ended_at is not None and stretch.ended_at <= day.start:
                break
            if stretch.began_at < day.end:
                worse = seen[index] is None or _rank(stretch.state) < _rank(seen[index] or stretch.state)
                seen[index] = stretch.state if worse else seen[index]
    return [StripDay(day.day, state) for day, state in zip(days, seen, strict=True)]


def _lasted(stretch: Stretch) -> bool:
    return stretch.ended_at is None or stretch.ended_at > stretch.began_at


def _was_beginning(history: Sequence[Stretch], days: Sequence[Day]) -> bool:
    """Whether the record begins with a moment of not proven that gave way to something on the same day."""
    if len(history) < 2 or history[0].state is not State.UNPROVEN or history[0].ended_at != history[1].began_at:
        return False
    began, ended = history[0].began_at, history[1].began_at
    return any(day.start <= began and ended < day.end for day in days)


def _rank(state: State) -> int:
    return WORST_FIRST.index(state) if state in WORST_FIRST else len(WORST_FIRST)


def _order(stretch: Stretch) -> tuple[datetime, bool, datetime]:
    return (stretch.began_at, stretch.ended_at is None, stretch.ended_at or stretch.began_at)
