"""The calendar of a measure."""

from datetime import timedelta

import pytest

from garant.kernel.promise import Measure, Method
from garant.kernel.schedule import Phase, is_due, phase
from garant.kernel.text import same
from support.evidence import HOUR, NOON, measure


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), Phase.UP),
        (timedelta(minutes=59), Phase.UP),
        (HOUR, Phase.DUE),
        (timedelta(minutes=70), Phase.DUE),
        (timedelta(minutes=71), Phase.LATE),
        (timedelta(minutes=-30), Phase.UP),
        (timedelta(minutes=-61), Phase.DUE),
    ],
)
def test_a_measure_is_up_then_due_then_late(age, expected):
    assert phase(measure(), NOON - age, NOON) is expected
    assert is_due(measure(), NOON - age, NOON) is (expected is not Phase.UP)


def test_a_measure_that_never_ran_is_due():
    assert phase(measure(), None, NOON) is Phase.NEW
    assert is_due(measure(), None, NOON)


@pytest.mark.parametrize(
    ("waited", "due_after"),
    [
        (timedelta(0), timedelta(minutes=1)),
        (timedelta(minutes=1), timedelta(minutes=2)),
        (timedelta(minutes=20), timedelta(minutes=40)),
        (timedelta(minutes=50), HOUR),
        (timedelta(days=9), HOUR),
    ],
)
def test_a_run_without_an_answer_is_tried_again_after_twice_the_wait_and_never_later_than_its_cadence(waited, due_after):
    just_before = NOON + due_after - timedelta(seconds=1)
    assert phase(measure(), NOON, just_before, silent=waited) is Phase.UP
    assert phase(measure(), NOON, NOON + due_after, silent=waited) is Phase.DUE
    assert is_due(measure(), NOON, NOON + due_after, silent=waited)


def test_a_naive_moment_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        phase(measure(), NOON.replace(tzinfo=None), NOON)


@pytest.mark.parametrize(("cadence", "freshness"), [(timedelta(0), HOUR), (HOUR, timedelta(minutes=59))])
def test_evidence_must_outlive_the_cadence(cadence, freshness):
    with pytest.raises(ValueError, match="freshness"):
        Measure("x", same("x"), Method.TEST, cadence, timedelta(0), freshness)
