"""The key log: appended whole, chained, and never silently shorter."""

import multiprocessing
import uuid
from pathlib import Path

import pytest

from garant.kernel.errors import ConfigurationError
from garant.vault.engines.keylog import KeyLog
from garant.vault.policy.replay import KeyEvent, disagreement, replayed
from garant.vault.policy.states import RingState

MINE, THEIRS, KEY = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)


def event(tenant: uuid.UUID = MINE, state: RingState = RingState.SUSPENDED, epoch: int = 2, key: uuid.UUID | None = None) -> KeyEvent:
    return KeyEvent(0, "2026-01-01T00:00:00.000000Z", "staff:key:suspended", tenant, state, epoch, data_key=key)


@pytest.fixture
def log(tmp_path: Path) -> KeyLog:
    return KeyLog(tmp_path / "log" / "keys.log", group="no-such-group")


def test_events_come_back_in_order_with_their_numbers(log: KeyLog) -> None:
    assert log.replayed().head == 0
    assert [log.append(event(epoch=epoch)) for epoch in (2, 3, 4)] == [1, 2, 3]
    assert [(each.number, each.epoch) for each in log.events()] == [(1, 2), (2, 3), (3, 4)]
    assert log.replayed().head == 3


def test_a_line_taken_out_changed_or_put_in_is_noticed(log: KeyLog) -> None:
    for epoch in (2, 3, 4):
        log.append(event(epoch=epoch))
    lines = log.path.read_bytes().splitlines(keepends=True)
    for wrong in (lines[:1] + lines[2:], [lines[0], lines[1].replace(b"suspended", b"active"), lines[2]], [*lines, lines[2]], [b"{}\n"]):
        log.path.write_bytes(b"".join(wrong))
        with pytest.raises(ConfigurationError, match="the key log was changed"):
            log.replayed()
        with pytest.raises(ConfigurationError, match="the key log was changed"):
            log.append(event())


def test_a_line_without_its_end_was_never_acknowledged(log: KeyLog) -> None:
    log.append(event())
    whole = log.path.read_bytes()
    log.path.write_bytes(whole + whole[:40])
    assert log.replayed().head == 1
    assert log.append(event(epoch=3)) == 2
    assert log.replayed().head == 2


def _append(path: Path) -> None:
    for _ in range(25):
        KeyLog(path, group="no-such-group").append(event())


def test_processes_that_append_at_once_do_not_break_the_chain(log: KeyLog) -> None:
    started = [multiprocessing.get_context("fork").Process(target=_append, args=(log.path,)) for _ in range(4)]
    for each in started:
        each.start()
    for each in started:
        each.join()
    assert log.replayed().head == 100


def test_a_lost_log_is_written_again_but_never_over_another(log: KeyLog, tmp_path: Path) -> None:
    log.append(event())
    other = KeyLog(tmp_path / "again.log", group="no-such-group")
    assert other.rebuild(log.events()) == 1
    assert other.path.read_bytes() == log.path.read_bytes()
    with pytest.raises(ConfigurationError, match="not written over"):
        other.rebuild(log.events())


class TestDisagreement:
    def said(self, *events: KeyEvent, key: uuid.UUID | None = None, epoch: int = 1, state: str = "active", tenant: uuid.UUID = MINE) -> str:
        return disagreement(replayed(events), tenant, key, epoch=epoch, state=state)

    def test_a_log_that_knows_nothing_says_nothing(self) -> None:
        assert self.said() == ""
        assert self.said(event(THEIRS, RingState.DESTROYED)) == ""

    def test_what_the_log_closed_stays_closed_whatever_a_row_says(self) -> None:
        for state in (RingState.SUSPENDED, RingState.PENDING, RingState.DESTROYED):
            assert state.value in self.said(event(state=state), epoch=99)

    def test_a_database_older_than_the_log_is_refused_even_if_both_say_active(self) -> None:
        assert "older" in self.said(event(), event(state=RingState.ACTIVE, epoch=3), epoch=1)
        assert self.said(event(), event(state=RingState.ACTIVE, epoch=3), epoch=3) == ""

    def test_a_destroyed_key_stays_destroyed_beside_the_others(self) -> None:
        once = event(state=RingState.ACTIVE, epoch=2, key=KEY)
        assert "destroyed" in self.said(once, key=KEY, epoch=2)
        assert self.said(once, key=uuid.UUID(int=4), epoch=2) == ""

    def test_nothing_follows_a_destruction_and_order_is_that_of_epochs(self) -> None:
        assert "destroyed" in self.said(event(state=RingState.DESTROYED, epoch=3), event(state=RingState.ACTIVE, epoch=4), epoch=9)
        assert self.said(event(state=RingState.ACTIVE, epoch=3), event(epoch=2), epoch=3) == ""
