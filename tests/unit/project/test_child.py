"""One supervised process: how long it waits before each start, what forgives, what is said. The clock is the test's."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from garant.drivers.process import Deadline, alive, processes, state_of
from garant.kernel.clock import ManualClock
from garant.project.supervisor.child import LARGEST_LOG, Child, Program

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SHELL = "/bin/sh"


class Bench:
    """A child with a clock of the test's; `said` is what a person was told."""

    def __init__(self, logs: Path) -> None:
        self.clock = ManualClock(NOON)
        self.logs = logs
        self.said: list[str] = []
        self.children: list[Child] = []

    def child(self, script: str, *, ready: Callable[[], bool] | None = None, needs: tuple[Path, ...] = (), patience: float = 5.0) -> Child:
        program = Program("clerk", (SHELL, "-c", script), {"PATH": "/bin"}, ready=ready, needs=needs, patience=patience)
        made = Child(program, logs=self.logs, clock=self.clock, say=self.said.append)
        self.children.append(made)
        return made

    def until_ended(self, child: Child) -> None:
        for _ in Deadline(10).tries(0.01):
            if child.ended() is not None:
                return
        raise AssertionError("the process did not end")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    for child in made.children:
        child.stop()


def test_the_pause_doubles_from_half_a_second_to_thirty(bench: Bench) -> None:
    child = bench.child("echo no luck; exit 3")
    pauses = []
    child.tend()
    for _ in range(9):
        bench.until_ended(child)
        died = bench.clock.now()
        child.tend()  # notices the death
        assert child.pid is None
        assert child.state == "down"
        while child.pid is None:
            bench.clock.advance(timedelta(milliseconds=250))
            child.tend()
        pauses.append((bench.clock.now() - died).total_seconds())
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert child.restarts == 9
    assert f"The process clerk ended with status 3; it is started again in 0.5 s. Its last line in {child.log}: no luck" in bench.said[0]


def test_a_clock_that_steps_back_keeps_nobody_waiting(bench: Bench) -> None:
    child = bench.child("exit 3")
    child.tend()
    bench.until_ended(child)
    child.tend()
    bench.clock.advance(timedelta(hours=-2))
    child.tend()
    assert child.pid is not None


def test_a_minute_of_life_forgives(bench: Bench) -> None:
    child = bench.child("sleep 60")
    for pause in (0.5, 1.0):
        child.tend()
        assert child.pid is not None
        child.ask_to_stop()
        bench.until_ended(child)
        child.tend()
        assert f"again in {pause:g} s" in bench.said[-1]
        bench.clock.advance(timedelta(seconds=pause))
    child.tend()
    bench.clock.advance(timedelta(seconds=61))
    child.tend()
    child.ask_to_stop()
    bench.until_ended(child)
    child.tend()
    assert "ended by signal SIGTERM; it is started again in 0.5 s" in bench.said[-1]


def test_what_cannot_be_started_is_said_and_tried_again(bench: Bench) -> None:
    program = Program("clerk", ("/no/such/program",), {})
    child = Child(program, logs=bench.logs, clock=bench.clock, say=bench.said.append)
    child.tend()
    child.tend()
    assert len(bench.said) == 1
    assert "could not be started: [Errno 2] No such file or directory" in bench.said[0]
    bench.clock.advance(timedelta(seconds=0.5))
    child.tend()
    assert "Next try in 1 s" in bench.said[1]


def test_it_waits_for_the_files_that_it_needs_and_says_so_once(bench: Bench, tmp_path: Path) -> None:
    needed = tmp_path / "haproxy.cfg"
    child = bench.child("sleep 60", needs=(needed,))
    for _ in range(3):
        child.tend()
        bench.clock.advance(timedelta(seconds=15))
    assert child.state == "waiting"
    assert bench.said == [f"The process clerk waits for {needed}."]
    needed.touch()
    child.tend()
    assert child.state == "starting"


def test_it_serves_when_it_answers_or_has_lived_a_while(bench: Bench) -> None:
    answers: list[bool] = []
    asked = bench.child("sleep 60", ready=lambda: bool(answers))
    silent = bench.child("sleep 60")
    for child in (asked, silent):
        child.tend()
        child.tend()
        assert child.state == "starting"
    bench.clock.advance(timedelta(seconds=3))
    for child in (asked, silent):
        child.tend()
    assert (asked.state, silent.state) == ("starting", "serving")
    answers.append(True)
    asked.tend()
    assert asked.state == "serving"


def test_workers_of_a_killed_process_are_ended_with_it(bench: Bench) -> None:
    child = bench.child("sleep 61 & echo $!; wait")
    child.tend()
    for _ in Deadline(10).tries(0.01):
        if child.last_words():
            break
    worker = int(child.last_words())
    assert child.pid is not None
    assert worker in list(processes())
    os.kill(child.pid, signal.SIGKILL)
    bench.until_ended(child)
    child.tend()
    for _ in Deadline(10).tries(0.01):
        if not alive(worker):
            break
    assert state_of(worker) in ("", "Z", "X")


def test_what_does_not_end_when_asked_is_killed_and_said(bench: Bench) -> None:
    child = bench.child("trap '' TERM; echo deaf; while :; do sleep 0.05; done", patience=0.3)
    child.tend()
    for _ in Deadline(10).tries(0.01):
        if child.last_words() == "deaf":
            break
    pid = child.pid
    assert pid is not None
    child.stop()
    assert not alive(pid)
    assert bench.said == ["The process clerk did not end within 0.3 s and is killed."]


def test_a_log_that_grew_too_large_is_set_aside_at_the_next_start(bench: Bench) -> None:
    child = bench.child("echo new; exit 0")
    with child.log.open("wb") as log:
        log.truncate(LARGEST_LOG + 1)
    child.tend()
    bench.until_ended(child)
    assert child.log.read_text(encoding="ascii") == "new\n"
    assert child.log.with_name("clerk.log.1").stat().st_size == LARGEST_LOG + 1


def test_a_child_gets_its_environment_and_nothing_else(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "hidden")
    child = bench.child('echo "${PGPASSWORD-none} $(umask)"')
    child.tend()
    bench.until_ended(child)
    assert child.last_words() == "none 0007"
