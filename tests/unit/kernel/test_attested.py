"""What rests on somebody's word: attested until a date, never kept, and broken by what is measured, as anything else."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garant.kernel.promise import Evidence, Finding, Promise, Word
from garant.kernel.verdicts import NOTHING, WORST_FIRST, State, Verdict, aged, judge_measure, worst
from support.evidence import HOUR, NOON, PROMISE, judge, measure, run
from unit.kernel.test_verdicts import MEASURES, MINUTES, histories

PAPER = "5f" * 32


def vouching(until: datetime):
    """The judge of the other tests, whose every yes rests on a word that ends at `until`."""

    def on_a_word(promise: Promise, evidence: Evidence) -> Finding:
        found = judge(promise, evidence)
        return replace(found, word=Word("Hébergement Rivard", PAPER, until)) if found.holds else found

    return on_a_word


@given(histories(), MEASURES, MINUTES, st.integers(-3000, 6000))
def test_a_word_never_makes_anything_kept_and_changes_nothing_else(runs, kind, minutes, left):
    now = NOON + timedelta(minutes=minutes)
    bare = judge_measure(PROMISE, kind, judge, runs, now)
    on_a_word = judge_measure(PROMISE, kind, vouching(now + timedelta(minutes=left)), runs, now)
    assert on_a_word.state is not State.KEPT
    if bare.state is State.KEPT:
        assert on_a_word.state is (State.ATTESTED if left > 0 else State.STALE)
    else:
        assert on_a_word.state is bare.state
    assert on_a_word.evidence == bare.evidence


@given(histories(), MEASURES, MINUTES, st.integers(-3000, 3000), st.integers(0, 9000))
def test_reading_a_word_late_never_improves(runs, kind, minutes, left, later):
    now = NOON + timedelta(minutes=minutes)
    verdict = judge_measure(PROMISE, kind, vouching(now + timedelta(minutes=left)), runs, now)
    read = aged(verdict, now + timedelta(minutes=later))
    assert WORST_FIRST.index(read.state) <= WORST_FIRST.index(verdict.state) or verdict.state is State.BROKEN
    if later >= left:
        assert read.state is not State.ATTESTED


def test_past_its_date_the_word_is_stale_and_the_reason_says_so():
    until = NOON + HOUR
    verdict = judge_measure(PROMISE, measure(), vouching(until), [run(True)], NOON)
    assert (verdict.state, verdict.until) == (State.ATTESTED, until)
    assert aged(verdict, until).reason.en == "The attestation ended on 2026-11-20."


def test_what_is_measured_beside_the_word_wins_when_it_is_worse():
    word = judge_measure(PROMISE, measure(), vouching(NOON + HOUR), [run(True)], NOON)
    assert worst([word, judge_measure(PROMISE, measure(), judge, [run(True)], NOON)]).state is State.ATTESTED
    assert worst([word, judge_measure(PROMISE, measure(), judge, [run(False)], NOON)]).state is State.BROKEN


@given(st.lists(st.integers(1, 90), min_size=1, max_size=5))
def test_of_several_words_the_first_to_end_counts(days):
    words = [Verdict(State.ATTESTED, NOTHING, until=NOON + timedelta(days=each)) for each in days]
    assert worst([*words, Verdict(State.KEPT, NOTHING)]).until == NOON + timedelta(days=min(days))


@pytest.mark.parametrize(("by", "paper"), [("", PAPER), ("Rivard", "abc"), ("Rivard", PAPER.upper())])
def test_a_word_of_nobody_or_without_its_paper_is_none(by, paper):
    with pytest.raises(ValueError, match="SHA-256"):
        Word(by, paper, NOON)
