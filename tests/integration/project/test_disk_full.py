"""A disk that fills up is told in words, takes nothing that was saved, and is got over without anybody's help once there is room."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from garant.drivers.process import Deadline
from garant.project.configuration import Configuration
from garant.project.supervisor.watch import Supervisor
from support.command import garant
from support.world import free_port, wait_until

pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a small file system is mounted")]


@pytest.fixture
def small_disk() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="garant-disk-"))
    place.chmod(0o755)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=220m,mode=755", "garant-test", str(place)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"this machine mounts nothing: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)
    place.rmdir()


def _insert(supervisor: Supervisor, size: int) -> None:
    state = supervisor.state
    with psycopg.connect(
        host=state["database_socket"],
        port=state["database_port"],
        user="postgres",
        password=(supervisor.data / "secrets" / "database-superuser").read_text(encoding="ascii"),
        dbname="garant",
        autocommit=True,
        connect_timeout=5,
    ) as session:
        session.execute("create table if not exists ballast (id bigserial primary key, content text)")
        session.execute("insert into ballast (content) select string_agg(gen_random_uuid()::text, '') from generate_series(1, %s)", [size])


def _fill(supervisor: Supervisor) -> None:
    for _ in range(200):
        _insert(supervisor, 20_000)


def _count(supervisor: Supervisor) -> int:
    state = supervisor.state
    with psycopg.connect(
        host=state["database_socket"],
        port=state["database_port"],
        user="postgres",
        password=(supervisor.data / "secrets" / "database-superuser").read_text(encoding="ascii"),
        dbname="garant",
        connect_timeout=5,
    ) as session:
        row = session.execute("select count(*) from ballast").fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize("verb", ["up", "init"])
@pytest.mark.parametrize(
    ("left", "told"), [(5, "no space is left on its disk"), (30, "no space is left on its disk"), (None, "its disk is read-only")]
)
def test_a_first_start_on_a_disk_that_takes_nothing_is_told_in_one_sentence(
    small_disk: Path, verb: str, left: int | None, told: str
) -> None:
    """With room for the first files, for the programs too, or for nothing."""
    if left is not None:
        _fill_up(small_disk / "filler", leave=left * 2**20)
    else:
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = garant(verb, data=small_disk / "data")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert told in done.stderr.strip().splitlines()[-1]


def _fill_up(path: Path, *, leave: int) -> None:
    free = shutil.disk_usage(path.parent).free
    with path.open("wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, free - leave)


def test_a_full_disk_is_said_and_got_over(small_disk: Path) -> None:
    said: list[str] = []
    data = small_disk / "data"
    supervisor = Supervisor(data, Configuration(https=free_port(), http=free_port()), say=said.append)
    supervisor.start_database_only()
    try:
        _insert(supervisor, 100)
        saved = _count(supervisor)
        with (small_disk / "filler").open("wb") as filler:
            try:
                while True:
                    filler.write(b"\0" * 65536)
                    filler.flush()
            except OSError:
                pass
        supervisor.tend()
        assert any("is full" in sentence and "Free some space" in sentence for sentence in said), said
        with pytest.raises(psycopg.Error):
            _fill(supervisor)
        for _ in Deadline(2).tries(0.2):
            supervisor.tend()
        (small_disk / "filler").unlink()

        def answers() -> bool:
            supervisor.tend()
            try:
                return _count(supervisor) >= saved
            except psycopg.Error:
                return False

        wait_until(answers, "PostgreSQL after the disk has room", 90)
        _insert(supervisor, 1)
        assert any("has room again" in sentence for sentence in said), said
        assert not any("Traceback" in sentence for sentence in said)
    finally:
        supervisor.stop()
