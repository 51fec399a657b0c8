"""Since when, and what the days looked like."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from garant.kernel.verdicts import State
from garant.statement.policy.intervals import Stretch, StripDay, calendar, since, strip

NOON = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MONTREAL = ZoneInfo("America/Toronto")


@st.composite
def histories(draw: st.DrawFn) -> list[Stretch]:
    """Stretches end to end, the last one open, as the publisher writes them."""
    lengths = draw(st.lists(st.integers(0, 100), min_size=1, max_size=8))
    began, made = NOON - timedelta(hours=sum(lengths)), []
    for length in lengths:
        ended = began + timedelta(hours=length)
        made.append(Stretch(draw(st.sampled_from(list(State))), began, ended))
        began = ended
    return [*made[:-1], Stretch(made[-1].state, made[-1].began_at, None)]


@given(histories())
def test_since_restarts_after_any_lapse(history):
    """Exactly the moment after the last stretch in another state."""
    present = history[-1].state
    others = [index for index, each in enumerate(history) if each.state is not present]
    first = others[-1] + 1 if others else 0
    assert since(history, NOON) == history[first].began_at


@given(histories(), st.randoms())
def test_the_order_of_rows_changes_nothing(history, random):
    lasting = [each for each in history if each.ended_at is None or each.ended_at > each.began_at]
    assert since(random.sample(lasting, len(lasting)), NOON) == since(lasting, NOON)


def test_a_gap_in_the_record_is_a_lapse():
    history = [Stretch(State.KEPT, NOON - 9 * DAY, NOON - 5 * DAY), Stretch(State.KEPT, NOON - 4 * DAY)]
    assert since(history, NOON) == NOON - 4 * DAY


def test_a_change_of_reason_is_no_lapse():
    history = [Stretch(State.BROKEN, NOON - 3 * DAY, NOON - DAY), Stretch(State.BROKEN, NOON - DAY)]
    assert since(history, NOON) == NOON - 3 * DAY


def test_without_history_there_is_no_since():
    assert since([], NOON) is None
    assert since([Stretch(State.KEPT, NOON - 3 * DAY, NOON - DAY)], NOON) is None


@given(histories(), st.integers(1, 120))
def test_a_strip_has_one_day_each_and_today_last(history, days):
    made = strip(history, calendar(NOON, days=days, zone=MONTREAL))
    assert len(made) == days
    assert made[-1].day == NOON.astimezone(MONTREAL).date()
    assert all(later.day - earlier.day == DAY for earlier, later in zip(made, made[1:], strict=False))  # noqa: RUF007


def test_a_day_shows_the_worst_that_it_saw_and_a_day_before_the_record_shows_nothing():
    history = [
        Stretch(State.KEPT, NOON - 2 * DAY, NOON - DAY),
        Stretch(State.BROKEN, NOON - DAY, NOON - DAY + timedelta(minutes=1)),
        Stretch(State.KEPT, NOON - DAY + timedelta(minutes=1)),
    ]
    made = strip(history, calendar(NOON, days=4, zone=MONTREAL))
    assert [each.state for each in made] == [None, State.KEPT, State.BROKEN, State.KEPT]


def test_the_seconds_before_the_first_proof_do_not_grey_the_first_day():
    """But a day that passed without any proof stays what it was, and so does a lapse later on."""
    start = NOON - timedelta(hours=3)
    soon = [Stretch(State.UNPROVEN, start, start + timedelta(seconds=19)), Stretch(State.KEPT, start + timedelta(seconds=19))]
    days = calendar(NOON, days=2, zone=MONTREAL)
    assert [each.state for each in strip(soon, days)] == [None, State.KEPT]
    late = [Stretch(State.UNPROVEN, start - DAY, start), Stretch(State.KEPT, start)]
    assert [each.state for each in strip(late, days)] == [State.UNPROVEN, State.UNPROVEN]
    lapse = [Stretch(State.KEPT, start - DAY, start), *soon]
    assert strip(lapse, days)[-1].state is State.UNPROVEN
    assert strip(soon[:1], days)[-1].state is State.UNPROVEN


@given(histories(), st.integers(1, 120))
def test_a_strip_says_what_each_day_saw_and_nothing_else(history, days):
    """The same as asking, for each day, which stretches touched it."""
    for day, shown in zip(calendar(NOON, days=days, zone=MONTREAL), strip(history, calendar(NOON, days=days, zone=MONTREAL)), strict=True):
        seen = {
            each.state
            for each in history
            if each.began_at < day.end and (each.ended_at is None or each.ended_at > max(day.start, each.began_at))
        }
        assert (shown.state in seen) if seen else shown.state is None
        assert not ({State.BROKEN} & seen) or shown.state is State.BROKEN


def test_the_nights_of_the_clock_change_are_23_and_25_hours_long():
    autumn = calendar(datetime(2026, 11, 3, 17, tzinfo=UTC), days=3, zone=MONTREAL)
    spring = calendar(datetime(2026, 3, 9, 17, tzinfo=UTC), days=2, zone=MONTREAL)
    assert autumn[0].end - autumn[0].start == timedelta(hours=25)
    assert spring[0].end - spring[0].start == timedelta(hours=23)


def test_days_are_those_of_the_zone():
    """At 03:00 UTC it is still the evening before in Montréal."""
    night = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
    [yesterday, today] = strip([Stretch(State.KEPT, night - timedelta(hours=1))], calendar(night, days=2, zone=MONTREAL))
    assert today == StripDay(datetime(2026, 11, 19, tzinfo=UTC).date(), State.KEPT)
    assert yesterday.state is None
