"""The flow: five words, in order, with one reading of the clock."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from garant.kernel.clock import ManualClock
from garant.kernel.errors import EngineError
from garant.kernel.keep import Kept, keep
from garant.kernel.promise import Canary, Evidence, Finding, Keeper, Measure, Observation, Promise
from garant.kernel.text import same
from garant.kernel.verdicts import State
from support.evidence import NOON, PROMISE, Door, keeper, run


class Log:
    """A recording double for the two arguments of the flow that write."""

    def __init__(self, calls: list[str]) -> None:
        self.calls = calls
        self.entries: list[Evidence] = []
        self.published: list[Kept] = []

    def record(self, promise: Promise, measure: Measure, seen: Observation | EngineError, now: datetime) -> Sequence[Evidence]:
        self.calls.append("record")
        position = len(self.entries) + 1
        if isinstance(seen, EngineError):
            entry = run(None, at=now, error=str(seen), drift=seen.drift, position=position)
        else:
            answer = seen.facts["answer"]
            assert answer is None or isinstance(answer, bool)
            entry = run(
                answer, at=now, checked=seen.checked, in_scope=seen.in_scope, canary=seen.canary, drift=seen.drift, position=position
            )
        self.entries.append(entry)
        return self.entries

    def publish(self, kept: Kept) -> None:
        self.calls.append("publish")
        self.published.append(kept)


class CountingClock(ManualClock):
    readings = 0

    def now(self) -> datetime:
        self.readings += 1
        return super().now()


def one_turn(door: Door, log: Log, clock: ManualClock | None = None, **options: object) -> Kept:
    return keep(PROMISE, keeper(door, **options), record=log.record, publish=log.publish, clock=clock or ManualClock(NOON))


def test_the_five_words_come_in_order():
    door = Door()
    log = Log(door.calls)
    plain = keeper(door)

    def judge(promise: Promise, evidence: Evidence) -> Finding:
        door.calls.append("judge")
        return plain.judge(promise, evidence)

    keep(PROMISE, Keeper(plain.measure, door, judge), record=log.record, publish=log.publish, clock=ManualClock(NOON))
    assert door.calls == ["apply", "observe", "record", "judge", "publish"]


def test_the_clock_is_read_once():
    door, clock = Door(), CountingClock(NOON)
    kept = one_turn(door, Log(door.calls), clock)
    assert clock.readings == 1
    assert kept.decided_at == NOON


def test_kept_never_comes_without_an_appended_entry():
    door = Door()
    log = Log(door.calls)
    kept = one_turn(door, log)
    assert kept.verdict.state is State.KEPT
    assert kept.verdict.evidence == (log.entries[0].id,)
    assert kept.evidence is log.entries[0]


def test_a_record_that_fails_publishes_nothing():
    door = Door()
    log = Log(door.calls)

    def full(*_: object) -> Sequence[Evidence]:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        keep(PROMISE, keeper(door), record=full, publish=log.publish, clock=ManualClock(NOON))
    assert log.published == []


@pytest.mark.parametrize("where", ["failure", "failure_on_apply"])
def test_a_failing_engine_is_recorded_and_judged(where):
    door, clock = Door(), ManualClock(NOON)
    log = Log(door.calls)
    setattr(door, where, "no route to host")
    assert one_turn(door, log, clock).verdict.state is State.UNPROVEN
    setattr(door, where, "")
    clock.advance(timedelta(minutes=1))
    assert one_turn(door, log, clock).verdict.state is State.KEPT
    setattr(door, where, "no route to host")
    clock.advance(timedelta(minutes=1))
    failed = one_turn(door, log, clock)
    assert failed.verdict.state is State.STALE
    assert failed.verdict.reason.en == "The latest measurement failed: no route to host"
    assert len(log.entries) == 3


def test_drift_found_before_a_failure_is_not_forgotten():
    door = Door()
    door.drift, door.failure = ("rule 3 was gone",), "no answer"
    kept = one_turn(door, Log(door.calls))
    assert kept.verdict.state is State.BROKEN
    assert "rule 3 was gone" in kept.verdict.reason.en


def test_a_defect_is_not_swallowed():
    class Faulty(Door):
        def observe(self, promise: Promise) -> Observation:
            raise KeyError("a mistake of ours")

    log = Log([])
    with pytest.raises(KeyError):
        one_turn(Faulty(), log)
    assert log.entries == []


def test_a_missed_canary_voids_the_run():
    door = Door()
    door.canary = Canary.MISSED
    assert one_turn(door, Log(door.calls), canary=True).verdict.state is State.UNPROVEN


def test_an_engine_that_finds_nothing_keeps_nothing():
    door = Door()
    door.checked = door.in_scope = 0
    assert one_turn(door, Log(door.calls)).verdict.state is State.UNPROVEN


def test_number_and_words_are_those_of_the_finding():
    door = Door()
    verdict = one_turn(door, Log(door.calls)).verdict
    assert verdict.number == same("3")
    assert verdict.words.en == "doors seen"
