"""The real sight of a deployment: what PostgreSQL tells of who speaks to it, and what the supervisor tells of its processes."""

import socket
import threading
import time
from pathlib import Path

import psycopg
import pytest

from garant.data.engines import eyes
from garant.data.policy.reality import Spoken
from garant.kernel.errors import EngineError
from garant.project.runtime import Runtime
from garant.project.supervisor import sockets
from garant.project.supervisor.sockets import Sockets
from support.database import Database


def test_the_worker_learns_addresses_and_nothing_of_what_is_asked(database: Database) -> None:
    with database.connect("worker") as worker:
        found = worker.execute("select * from garant_peers()").fetchall()
        assert (False, None) in found
        assert worker.execute(
            "select count(*) from pg_stat_activity where usename <> current_user and query not in ('', '<insufficient privilege>')"
        ).fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            worker.execute("set role pg_read_all_stats")
    for role in ("web", "edge"):
        with database.connect(role) as other, pytest.raises(psycopg.errors.InsufficientPrivilege):
            other.execute("select * from garant_peers()")


def test_the_engine_reads_it(as_worker: str) -> None:
    assert eyes.eyes(Path("/nowhere")).peers().processes == ("",)


def test_the_supervisor_tells_to_whom_its_processes_speak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process stands for the supervisor: its own canary is seen, and a connection to a stranger; both are told apart."""
    monkeypatch.setattr(sockets, "PERIOD", 0.2)
    (tmp_path / "run").mkdir()
    Runtime(tmp_path).write_state({"processes": {"worker": {"pid": 2**22}}})
    looking, done = Sockets(tmp_path), threading.Event()
    looking.tend()

    def look() -> None:
        while not done.is_set():
            looking.tend()
            time.sleep(0.05)

    thread = threading.Thread(target=look)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
        port = listener.getsockname()[1]
    with near, far:
        thread.start()
        try:
            talk = eyes.eyes(tmp_path).talk()
        finally:
            done.set()
            thread.join()
    assert talk.planted
    assert Spoken("127.0.0.1", port, "supervisor") in talk.spoken


def test_a_supervisor_that_does_not_look_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eyes, "NEWS", 0.3)
    with pytest.raises(EngineError, match="the supervisor does not tell"):
        eyes.eyes(tmp_path).talk()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "sockets.json").write_text('{"looks": 3, "canary": [1, 2], "spoken": []}')
    with pytest.raises(EngineError, match="the supervisor does not tell"):
        eyes.eyes(tmp_path).talk()


def test_a_directory_that_another_machine_lends_is_known_by_its_mount(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "40 22 0:40 / /srv/backups rw - nfs4 storage.example.org:/export rw\n"
        "41 22 0:41 / /srv/share rw - cifs //files.example.org/share rw\n"
        "42 22 0:42 / /srv/far rw - fuse.sshfs garant@far.example.org:/data rw\n"
    )
    read = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda self, **kw: lines if str(self) == "/proc/self/mountinfo" else read(self, **kw))
    lender = eyes.eyes(Path("/nowhere")).lender
    assert lender("/srv/backups/2026") == "storage.example.org"
    assert lender("/srv/share") == "files.example.org"
    assert lender("/srv/far/x") == "far.example.org"
    assert lender("/srv/backupsX") == ""
    assert lender("/var/lib/garant") == ""
