"""From measures to sentences."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garant.kernel.promise import Promise, Unmeasured
from garant.kernel.text import Text
from garant.kernel.verdicts import NOTHING, State, Verdict
from garant.statement.policy.binding import bound_to, kept_pairs, problems, turns, verdict_of
from garant.statement.policy.document import Claim, parse
from support.evidence import HOUR, NOON, keeper
from support.statements import BACK, DOCUMENT, FRONT, House

KEY = Promise("test.door", {"side": "front"})
SENTENCE = Text("La porte est fermée.", "The door is shut.")
PART = Unmeasured("cellar", Text("Cave", "Cellar"), Text("Aucun hygromètre.", "No hygrometer."))


def claim(*promises: Promise) -> Claim:
    return Claim("MAI-01", "doors", "E", "DOOR", SENTENCE, promises or (KEY,))


def latest(state: State, fresh_hours: int = 2, key: str = "door") -> dict[tuple[str, str], Verdict]:
    return {(KEY.identity, key): Verdict(state, NOTHING, evidence=("e",), fresh_until=NOON + fresh_hours * HOUR)}


def test_a_claim_is_the_worst_of_its_parts():
    assert verdict_of(claim(), {KEY.key: [keeper()]}, latest(State.KEPT), NOON).state is State.KEPT
    assert verdict_of(claim(), {KEY.key: [keeper(), PART]}, latest(State.KEPT), NOON).state is State.UNPROVEN
    assert verdict_of(claim(), {KEY.key: [keeper(), PART]}, latest(State.BROKEN), NOON).state is State.BROKEN


def test_a_measure_that_never_ran_leaves_the_claim_unproven():
    both = {KEY.key: [keeper(), keeper(key="window")]}
    assert verdict_of(claim(), both, latest(State.KEPT), NOON).state is State.UNPROVEN


def test_a_promise_that_nothing_measures_any_more_is_unproven():
    assert verdict_of(claim(), {}, latest(State.KEPT), NOON).state is State.UNPROVEN
    several = claim(KEY, Promise("test.gone"))
    assert verdict_of(several, {KEY.key: [keeper()]}, latest(State.KEPT), NOON).state is State.UNPROVEN


def test_a_stand_in_never_carries_a_claim_alone():
    name = Text("un moteur de 2014", "an engine of 2014")
    alone = verdict_of(claim(), {KEY.key: [keeper(stand_in=name)]}, latest(State.KEPT), NOON)
    assert alone.state is State.UNPROVEN
    assert "an engine of 2014" in alone.reason.en
    broken = verdict_of(claim(), {KEY.key: [keeper(stand_in=name)]}, latest(State.BROKEN), NOON)
    assert broken.state is State.BROKEN


def test_age_is_read_and_turns_at_its_own_moment():
    table = {KEY.key: [keeper()]}
    kept = verdict_of(claim(), table, latest(State.KEPT), NOON)
    found = turns(claim(), table, latest(State.KEPT), kept, NOON, NOON + 50 * HOUR)
    assert [(moment, verdict.state) for moment, verdict in found] == [(NOON + 2 * HOUR, State.STALE)]
    assert turns(claim(), table, latest(State.KEPT), kept, NOON, NOON + HOUR) == []


@given(st.sampled_from([State.KEPT, State.BROKEN, State.STALE, State.UNPROVEN]), st.integers(-20, 20), st.integers(-20, 20))
def test_looking_often_and_looking_once_write_the_same_history(state, fresh, until):
    """Whether refresh runs every hour or once at the end, the turns are the same, and none leads to kept."""
    table, known, end = {KEY.key: [keeper()]}, latest(state, fresh), NOON + abs(until) * HOUR
    standing = verdict_of(claim(), table, known, NOON)
    once = turns(claim(), table, known, standing, NOON, end)
    often, moment, now = [], NOON, NOON
    current = standing
    while now <= end:
        for when, verdict in turns(claim(), table, known, current, moment, now):
            often.append((when, verdict))
            moment, current = when, verdict
        now += timedelta(hours=1)
    assert once == often
    assert all(verdict.state is not State.KEPT for _, verdict in once)


def test_a_clock_that_steps_back_never_dates_a_change_before_the_last():
    table = {KEY.key: [keeper()]}
    kept = verdict_of(claim(), table, latest(State.KEPT), NOON)
    [(moment, verdict)] = turns(claim(), table, latest(State.BROKEN), kept, NOON, NOON - 5 * HOUR)
    assert (moment, verdict.state) == (NOON, State.BROKEN)


def test_two_claims_share_one_run_of_one_promise():
    house = House()
    document = parse(DOCUMENT, name="maison.toml", controls=house.registry.keys())
    assert sorted(kept_pairs([document], house.registry)) == sorted([(FRONT.identity, "shut"), (BACK.identity, "shut")])
    assert [each.id for _, each in bound_to([document], FRONT)] == ["MAI-01", "MAI-02"]
    assert [each.id for _, each in bound_to([document], BACK)] == ["MAI-02"]


@pytest.mark.parametrize(
    ("table", "words"),
    [({"a.b": []}, "a.b has no measure"), ({"a.b": [keeper(), keeper()]}, "two measures named door"), ({"a.b": [keeper(), PART]}, "")],
)
def test_the_table_itself_is_checked(table, words):
    found = problems(table)
    assert (words in found[0]) if words else found == []
