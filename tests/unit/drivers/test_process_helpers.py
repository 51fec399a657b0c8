"""Helpers that start, bound, name and end processes; each asked of the real kernel."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from garant.drivers.process import Deadline, Hold, alive, cause, die_with_parent, drop, run, state_of, with_environment, working_in
from garant.kernel.errors import ConfigurationError, EngineError

TRACE = """Traceback (most recent call last):
  File "x.py", line 1, in connect
psycopg.OperationalError: failed to resolve host 'h': [Errno -2] Name or service not known

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "y.py", line 2, in ensure
django.db.utils.OperationalError: connection to server at "127.0.0.1", port 1 failed: Connection refused
\tIs the server running on that host and accepting TCP/IP connections?
"""


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (TRACE, 'OperationalError: connection to server at "127.0.0.1", port 1 failed: Connection refused'),
        (TRACE + "garant: the database does not answer\n", "the database does not answer"),
        (
            "garant: of an earlier life\n" + TRACE,
            'OperationalError: connection to server at "127.0.0.1", port 1 failed: Connection refused',
        ),
        ("one\ntwo\n\n", "two"),
        ("KeyError: 'tenant'\n", "KeyError: 'tenant'"),
        ("", "nothing was said"),
    ],
)
def test_the_cause_of_a_failure_is_one_line(output: str, said: str) -> None:
    assert cause(output) == said


def test_a_program_that_fails_is_named_with_its_words() -> None:
    with pytest.raises(EngineError, match=r"sh failed with status 7: no luck"):
        run(["/bin/sh", "-c", "echo no luck >&2; exit 7"], limit=10)


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(EngineError, match="the program /no/such is not installed"):
        run(["/no/such"], limit=10)


def test_a_program_that_does_not_end_is_ended() -> None:
    with pytest.raises(EngineError, match=r"sleep did not end within 0\.2 s"):
        run(["/bin/sleep", "60"], limit=0.2)


def test_a_secret_goes_through_standard_input_and_the_environment_is_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "hidden")
    assert run(["/bin/sh", "-c", 'read word; echo "$word:${PGPASSWORD-none}"'], limit=10, given="secret\n") == "secret:none\n"


def test_a_deadline_tries_once_at_least_and_ends() -> None:
    assert len(list(Deadline(0).tries(0.01))) == 1
    assert Deadline(0).passed()
    assert Deadline(0).left() == 0.0
    assert not Deadline(60).passed()


def test_a_zombie_has_ended() -> None:
    child = subprocess.Popen(["/bin/true"])
    for _ in Deadline(10).tries(0.01):
        if state_of(child.pid) == "Z":
            break
    assert state_of(child.pid) == "Z"
    assert not alive(child.pid)
    child.wait()
    assert state_of(child.pid) == ""
    assert alive(os.getpid())


def test_processes_are_found_by_directory_and_by_environment(tmp_path: Path) -> None:
    mark = f"GARANT_TEST_MARK={tmp_path}"
    name, _, value = mark.partition("=")
    child = subprocess.Popen(["/bin/sleep", "60"], cwd=tmp_path, env={name: value})
    try:
        for _ in Deadline(10).tries(0.02):
            if with_environment(mark):
                break
        assert with_environment(mark) == [child.pid]
        assert with_environment(mark[:-1]) == []
        assert working_in(tmp_path) == [child.pid]
    finally:
        child.kill()
        child.wait()
    assert working_in(tmp_path) == []


def test_a_child_ends_with_its_parent_even_when_that_is_killed() -> None:
    code = (
        "import subprocess, sys, time\n"
        "from garant.drivers.process import die_with_parent\n"
        "child = subprocess.Popen(['/bin/sleep', '60'], preexec_fn=die_with_parent(), start_new_session=True)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    for _ in Deadline(10).tries(0.02):
        if not alive(child):
            break
    assert not alive(child)


def test_a_child_whose_parent_is_gone_already_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    arrange = die_with_parent()
    left: list[int] = []
    monkeypatch.setattr(os, "getppid", lambda: 1)
    monkeypatch.setattr(os, "_exit", left.append)
    monkeypatch.setattr("garant.drivers.process._libc", type("Kernel", (), {"prctl": staticmethod(lambda *_: 0)}))
    arrange()
    assert left == [1]


def test_nobody_is_dropped_to_when_there_is_nobody() -> None:
    assert drop(None) == {}


def test_a_lock_names_its_holder_and_is_free_after_its_death(tmp_path: Path) -> None:
    place = tmp_path / "lock"
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom garant.drivers.process import Hold\n"
        "Hold(Path(sys.argv[1])).take(what='it')\nprint('held', flush=True)\ntime.sleep(60)\n"
    )
    mine = Hold(place)
    with subprocess.Popen([sys.executable, "-c", code, str(place)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ConfigurationError, match=f"the directory is in use by process {holder.pid}"):
            mine.take(what="the directory")
        holder.send_signal(signal.SIGKILL)
    mine.take(what="the directory")
    mine.take(what="the directory")
    assert place.read_text(encoding="ascii") == f"process {os.getpid()}\n"
    mine.release()
    mine.release()
    assert place.read_text(encoding="ascii") == ""
