"""With a PostgreSQL of the operator's (GARANT_DATABASE_URL): all of it works, and no process knows its administrator."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from garant.drivers.pglaunch import Cluster
from garant.drivers.process import with_environment
from support.command import garant
from support.world import World, wait_until

pytestmark = pytest.mark.timeout(300)
WORD = "an-administrators-word"


@dataclass(frozen=True)
class Server:
    """The operator's. `dba` may create roles and databases and is no superuser."""

    port: int

    def url(self, user: str = "", database: str = "garant") -> str:
        return f"postgresql://{f'{user}:{WORD}@' if user else ''}127.0.0.1:{self.port}/{database}"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="garant-theirs-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        cluster = Cluster(
            Path(made) / "pg",
            password=WORD,
            log=Path(made) / "log",
            settings={"fsync": "off", "log_statement": "all", "max_connections": "200"},
        )
        cluster.start(say=lambda _: None)
        try:
            with psycopg.connect(host="127.0.0.1", port=cluster.port, user="postgres", password=WORD, autocommit=True) as session:
                session.execute(f"create role dba login createrole createdb password '{WORD}'")
            yield Server(cluster.port)
            assert not any(secret in (Path(made) / "log").read_text(errors="replace") for secret in SECRETS), (
                "a password is in the server's log"
            )
        finally:
            cluster.stop()


SECRETS: set[str] = set()
"""Passwords that deployments of this module used: none may land in the server's log."""


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="garant-theirs-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made) / "data"


def keep_secrets(data: Path) -> None:
    SECRETS.update(path.read_text(encoding="ascii") for path in (data / "secrets").glob("database-*"))


@pytest.mark.parametrize("user", ["dba", "postgres"])
def test_an_administrator_makes_roles_and_tables_twice_over(server: Server, place: Path, user: str) -> None:
    for _ in range(2):
        done = garant("init", data=place, GARANT_DATABASE_URL=server.url(user, f"garant_{user}"))
        assert done.returncode == 0, done.stderr
    keep_secrets(place)
    word = (place / "secrets" / "database-web").read_text(encoding="ascii")
    with psycopg.connect(host="127.0.0.1", port=server.port, user="garant_web", password=word, dbname=f"garant_{user}") as session:
        assert session.execute("select count(*) from identity_tenant").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("create table intruder (id int)")
    assert not (place / "pg").exists()
    without = garant("init", data=place, GARANT_DATABASE_URL=server.url(database=f"garant_{user}"))
    assert without.returncode == 0, without.stderr
    told = garant("doctor", data=place, GARANT_DATABASE_URL=server.url(database=f"garant_{user}"))
    assert "answers; its tables are up to date" in told.stdout, told.stdout


class Theirs(World):
    """A deployment on the operator's server. Only `garant up` is given the administrator."""

    def __init__(self, server: Server) -> None:
        super().__init__(statements=("aso",))
        self.server = server
        self.administrator = True

    def environment(self, role: str = "web") -> dict[str, str]:
        return {**super().environment(role), "GARANT_DATABASE_URL": self.server.url("dba" if self.administrator else "", "garant_up")}


def test_a_deployment_serves_from_it_and_no_process_knows_the_administrator(server: Server) -> None:
    world = Theirs(server)
    try:
        world.start()
        world.administrator = False
        keep_secrets(world.data)
        assert world.visit("", "/fr/").status == 200
        wait_until(lambda: world.visit("saint-elan", "/healthz").status == 200, f"the application: {world.log('up')}", 30)
        assert world.sign_in("saint-elan", "juliane").get("/").status == 200
        assert "postgres" not in world.runtime_files.state()["processes"]
        pids = with_environment(f"GARANT_SUPERVISED={world.data}")
        assert len(pids) >= 7
        for pid in pids:
            for name in ("environ", "cmdline"):
                assert WORD.encode() not in Path(f"/proc/{pid}/{name}").read_bytes(), (pid, name)
        for log in (world.data / "logs").iterdir():
            assert WORD not in log.read_text(errors="replace"), log
    finally:
        world.stop()


def test_a_server_that_cannot_be_found_is_said_in_one_line_and_the_trace_is_kept(place: Path) -> None:
    done = garant("init", data=place, GARANT_DATABASE_URL="postgresql://nowhere.invalid:5432/garant")
    assert done.returncode == 2
    assert "failed to resolve host 'nowhere.invalid'" in done.stderr
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.strip()]) == 1
    assert "Traceback" in (place / "logs" / "migrate.log").read_text(encoding="utf-8")


def test_a_wrong_administrator_is_said_in_one_line_without_his_password(server: Server, place: Path) -> None:
    done = garant("init", data=place, GARANT_DATABASE_URL=f"postgresql://dba:guess-{os.getpid()}@127.0.0.1:{server.port}/garant")
    assert done.returncode == 2
    assert "password authentication failed" in done.stderr
    assert f"guess-{os.getpid()}" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.strip()]) == 1
