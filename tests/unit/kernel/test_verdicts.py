"""The verdict rule, as properties over any history of runs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garant.kernel.promise import Canary, Evidence, Unmeasured
from garant.kernel.text import Text
from garant.kernel.verdicts import NOTHING, TOO_OLD, WORST_FIRST, State, Verdict, aged, attested, judge_measure, unmeasured, worst
from support.evidence import HOUR, NOON, PROMISE, judge, measure, run

GREEN = (State.KEPT, State.ATTESTED)


@st.composite
def histories(draw: st.DrawFn) -> list[Evidence]:
    """Up to eight runs in the ten hours before and after noon, of every kind that a database can hold."""
    made = []
    for position in range(draw(st.integers(0, 8))):
        in_scope = draw(st.integers(0, 3))
        made.append(
            run(
                draw(st.sampled_from([True, True, False, None])),
                at=NOON + timedelta(minutes=draw(st.integers(-600, 600))),
                checked=draw(st.integers(0, in_scope)),
                in_scope=in_scope,
                canary=draw(st.sampled_from(list(Canary))),
                error=draw(st.sampled_from([None, None, None, "no answer"])),
                drift=draw(st.sampled_from([(), (), (), ("a rule was removed",)])),
                position=position,
                valid_for=draw(st.sampled_from([HOUR, 24 * HOUR])),
            )
        )
    return made


MEASURES = st.sampled_from([measure(), measure(canary=True), measure(freshness=8 * HOUR)])
MINUTES = st.integers(600, 3000)


@given(histories(), st.randoms(), MEASURES, MINUTES)
def test_arrival_order_never_changes_the_verdict(runs, random, kind, minutes):
    now = NOON + timedelta(minutes=minutes)
    shuffled = random.sample(runs, len(runs))
    assert judge_measure(PROMISE, kind, judge, runs, now) == judge_measure(PROMISE, kind, judge, shuffled, now)


@given(histories(), MEASURES, MINUTES, st.integers(0, 6000))
def test_time_alone_never_leads_to_kept(runs, kind, minutes, later):
    now = NOON + timedelta(minutes=minutes)
    before = judge_measure(PROMISE, kind, judge, runs, now).state
    after = judge_measure(PROMISE, kind, judge, runs, now + timedelta(minutes=later)).state
    assert after not in GREEN or before is after
    if before is State.UNPROVEN:
        assert after is State.UNPROVEN


@given(histories(), MEASURES, MINUTES, st.data())
def test_turning_a_run_into_an_error_never_leads_to_kept(runs, kind, minutes, data):
    """A failing engine cannot improve anything, with one exception that needs a second look: see the next test."""
    now = NOON + timedelta(minutes=minutes)
    if not runs:
        return
    newest = max(runs, key=lambda each: (each.observed_at, each.received_at, each.id))
    failed = [replace(each, error="no answer", facts={}) if each is newest else each for each in runs]
    assert judge_measure(PROMISE, kind, judge, failed, now).state is not State.KEPT


@given(histories(), MEASURES, MINUTES, st.data())
def test_turning_a_pass_into_an_error_never_improves(runs, kind, minutes, data):
    now = NOON + timedelta(minutes=minutes)
    passes = [each for each in runs if each.facts["answer"] is True and each.error is None]
    if not passes:
        return
    chosen = data.draw(st.sampled_from(passes))
    before = judge_measure(PROMISE, kind, judge, runs, now).state
    after = judge_measure(PROMISE, kind, judge, [replace(e, error="no answer") if e is chosen else e for e in runs], now).state
    assert after is not State.KEPT or before is State.KEPT


@given(histories(), MEASURES)
def test_a_repair_leads_to_kept(runs, kind):
    now = NOON + 11 * HOUR
    repaired = run(True, at=now, canary=Canary.HELD if kind.canary else Canary.NONE, position=99)
    assert judge_measure(PROMISE, kind, judge, [*runs, repaired], now).state is State.KEPT


@given(histories(), MEASURES, MINUTES)
def test_kept_rests_on_a_fresh_whole_unbroken_run(runs, kind, minutes):
    now = NOON + timedelta(minutes=minutes)
    verdict = judge_measure(PROMISE, kind, judge, runs, now)
    if verdict.state is not State.KEPT:
        return
    [rested] = [each for each in runs if (each.id,) == verdict.evidence]
    assert rested.facts["answer"] is True
    assert rested.error is None
    assert 0 < rested.checked == rested.in_scope
    assert not rested.drift
    assert now - rested.observed_at < kind.freshness
    assert rested.canary is Canary.HELD or not kind.canary


def test_no_run_is_unproven():
    assert judge_measure(PROMISE, measure(), judge, [], NOON).state is State.UNPROVEN


def test_inconclusive_and_never_answered_is_unproven():
    verdict = judge_measure(PROMISE, measure(), judge, [run(None)], NOON)
    assert verdict.state is State.UNPROVEN
    assert verdict.reason.en == "Nothing allows a conclusion."


def test_inconclusive_after_an_answer_is_stale():
    verdict = judge_measure(PROMISE, measure(), judge, [run(True), run(None, at=NOON + HOUR, position=2)], NOON + HOUR)
    assert verdict.state is State.STALE
    assert verdict.reason.en == "Nothing allows a conclusion."
    assert verdict.evidence == (run(True).id,)


def test_an_error_after_an_answer_is_stale_with_its_words():
    verdict = judge_measure(PROMISE, measure(), judge, [run(True), run(error="no route", at=NOON + HOUR, position=2)], NOON + HOUR)
    assert (verdict.state, verdict.reason.en) == (State.STALE, "The latest measurement failed: no route")


def test_an_error_without_french_is_quoted_as_the_words_of_a_tool():
    verdict = judge_measure(PROMISE, measure(), judge, [run(error="no route")], NOON)
    assert (
        verdict.reason.fr
        == "La dernière mesure a échoué\N{NO-BREAK SPACE}: l’outil a dit, en anglais, «\N{NO-BREAK SPACE}no route\N{NO-BREAK SPACE}»."
    )


def test_an_error_in_both_languages_is_told_in_each():
    verdict = judge_measure(PROMISE, measure(), judge, [run(error="The door is gone.", error_fr="la porte n’est plus là.")], NOON)
    assert verdict.reason.fr == "La dernière mesure a échoué\N{NO-BREAK SPACE}: la porte n’est plus là."
    assert verdict.reason.en == "The latest measurement failed: The door is gone."


def test_a_run_dated_after_its_reception_says_so():
    verdict = judge_measure(PROMISE, measure(), judge, [run(at=NOON, received_at=NOON - HOUR)], NOON)
    assert verdict.reason.en == "The latest measurement is dated later than its reception."


def test_how_many_were_reached_is_grouped_as_each_language_does():
    verdict = judge_measure(PROMISE, measure(), judge, [run(checked=1200, in_scope=3000)], NOON)
    assert verdict.reason.fr == "Seulement 1\N{NO-BREAK SPACE}200 sur 3\N{NO-BREAK SPACE}000 ont pu être vérifiés."
    assert verdict.reason.en == "Only 1,200 of 3,000 could be checked."


def test_silence_does_not_hide_a_break():
    runs = [run(False), run(error="no route", at=NOON + HOUR, position=2)]
    assert judge_measure(PROMISE, measure(), judge, runs, NOON + HOUR).state is State.BROKEN


def test_pass_then_fail_is_broken_and_pass_then_silence_is_stale():
    assert judge_measure(PROMISE, measure(), judge, [run(True), run(False, at=NOON + HOUR, position=2)], NOON + HOUR).state is State.BROKEN
    silent = judge_measure(PROMISE, measure(), judge, [run(True)], NOON + 2 * HOUR)
    assert (silent.state, silent.reason) == (State.STALE, TOO_OLD)


def test_evidence_expired_at_its_reception_is_stale():
    late = run(True, at=NOON, received_at=NOON + 8 * HOUR, valid_for=HOUR)
    assert judge_measure(PROMISE, measure(freshness=24 * HOUR), judge, [late], NOON + 8 * HOUR).state is State.STALE


def test_a_missed_canary_voids_the_run():
    kind = measure(canary=True)
    assert judge_measure(PROMISE, kind, judge, [run(True, canary=Canary.MISSED)], NOON).state is State.UNPROVEN
    assert judge_measure(PROMISE, kind, judge, [run(True, canary=Canary.NONE)], NOON).state is State.UNPROVEN
    held = run(True, canary=Canary.HELD)
    assert judge_measure(PROMISE, kind, judge, [held], NOON).state is State.KEPT
    missed = run(True, canary=Canary.MISSED, at=NOON + HOUR, position=2)
    assert judge_measure(PROMISE, kind, judge, [held, missed], NOON + HOUR).state is State.STALE


def test_nothing_to_check_is_never_kept():
    verdict = judge_measure(PROMISE, measure(), judge, [run(True, checked=0, in_scope=0)], NOON)
    assert (verdict.state, verdict.reason.en) == (State.UNPROVEN, "The latest measurement found nothing to check.")


def test_a_part_of_the_population_is_never_kept_but_can_break():
    some = run(True, checked=2, in_scope=3)
    assert judge_measure(PROMISE, measure(), judge, [some], NOON).state is State.UNPROVEN
    assert judge_measure(PROMISE, measure(), judge, [run(True), replace(some, observed_at=NOON + HOUR)], NOON + HOUR).state is State.STALE
    assert judge_measure(PROMISE, measure(), judge, [run(False, checked=1, in_scope=3)], NOON).state is State.BROKEN


def test_drift_breaks_even_when_the_engine_then_failed():
    verdict = judge_measure(PROMISE, measure(), judge, [run(None, drift=["rule 3 gone"], error="no answer")], NOON)
    assert verdict.state is State.BROKEN
    assert "rule 3 gone" in verdict.reason.en


def test_a_run_from_the_future_proves_nothing():
    """A host whose clock runs ahead cannot keep a claim fresh by it, neither now nor once the time has come."""
    ahead = run(True, at=NOON + HOUR, received_at=NOON)
    assert judge_measure(PROMISE, measure(), judge, [ahead], NOON).state is State.UNPROVEN
    assert judge_measure(PROMISE, measure(), judge, [ahead], NOON + HOUR).state is State.UNPROVEN


STATES = st.sampled_from(list(State))


@given(st.lists(STATES, min_size=1, max_size=6))
def test_the_worst_measure_wins(states):
    verdict = worst([Verdict(state, NOTHING) for state in states])
    counted = [state for state in states if state is not State.NOT_APPLICABLE]
    assert verdict.state is (min(counted, key=WORST_FIRST.index) if counted else State.NOT_APPLICABLE)


@given(st.lists(STATES, min_size=1, max_size=6), st.randoms())
def test_the_order_of_measures_never_changes_the_state(states, random):
    shuffled = random.sample(states, len(states))
    assert worst([Verdict(s, NOTHING) for s in states]).state is worst([Verdict(s, NOTHING) for s in shuffled]).state


def test_breaking_one_child_turns_the_roll_up():
    children = [Verdict(State.KEPT, NOTHING, evidence=(name,)) for name in "abc"]
    assert worst(children).state is State.KEPT
    for index in range(3):
        broken = [replace(child, state=State.BROKEN) if i == index else child for i, child in enumerate(children)]
        assert worst(broken).state is State.BROKEN
    assert worst(children).evidence == ("a", "b", "c")


def test_no_measure_at_all_is_unproven():
    assert worst([]).state is State.UNPROVEN


def test_an_unmeasured_part_leaves_the_claim_unproven():
    part = Unmeasured("audit", Text("Audit par un tiers", "Third-party audit"), Text("Aucun rapport.", "No report."))
    assert worst([Verdict(State.KEPT, NOTHING), unmeasured(part)]).state is State.UNPROVEN


def test_an_attestation_ends():
    until = NOON + 24 * HOUR
    verdict = attested("Élodie Sansregret", until, NOON)
    assert (verdict.state, verdict.until) == (State.ATTESTED, until)
    assert aged(verdict, until).state is State.STALE
    assert attested("Élodie Sansregret", until, until).state is State.STALE


@given(STATES, st.integers(-50, 50), st.integers(-50, 50))
def test_reading_late_never_improves(state, fresh, hours):
    verdict = Verdict(state, NOTHING, fresh_until=NOON + fresh * HOUR)
    read = aged(verdict, NOON + hours * HOUR)
    assert read.state is state or (read.state is State.STALE and state in (State.KEPT, State.ATTESTED, State.BROKEN) and hours >= fresh)


@pytest.mark.parametrize("state", [State.KEPT, State.BROKEN])
def test_a_verdict_is_read_stale_after_its_freshness(state):
    verdict = judge_measure(PROMISE, measure(), judge, [run(state is State.KEPT)], NOON)
    assert verdict.state is state
    assert verdict.fresh_until == NOON + 2 * HOUR
    assert aged(verdict, NOON + 2 * HOUR).state is State.STALE
