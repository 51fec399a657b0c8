"""Sabotage of a running deployment, mended on the way out: each block breaks one thing behind Garant's back."""

import os
import signal
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import psycopg

from support.sondage import UnixConnection
from support.stub import Asked, Said
from support.world import World, wait_until

HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "keep-alive", "server", "date"}


@contextmanager
def asleep(world: World, process: str) -> Iterator[None]:
    """One process of the deployment does not move (SIGSTOP), then goes on."""
    pid = world.pid(process)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def entry(world: World, file: str, key: str, value: str | None) -> Iterator[None]:
    """An entry of a running map of the edge has another value (None: is gone), while the agent that would mend it sleeps."""
    path = world.data / "run" / file
    with asleep(world, "agent"):
        found = [line.split(" ", 2)[1:] for line in world.runtime(f"show map {path}").splitlines() if line]
        old = next((words[1] for words in found if words and words[0] == key), None)
        world.runtime(f"del map {path} {key}")
        if value is not None:
            world.runtime(f"add map {path} {key} {value}")
        try:
            yield
        finally:
            world.runtime(f"del map {path} {key}")
            if old is not None:
                world.runtime(f"add map {path} {key} {old}")


@contextmanager
def schema(world: World, breaks: str, mends: str) -> Iterator[None]:
    """The owner of the database changes it by hand, then changes it back."""
    with world.sql("owner") as database:
        database.execute(breaks)
    try:
        yield
    finally:
        with world.sql("owner") as database:
            database.execute(mends)


@contextmanager
def application_schema(world: World, breaks: str, mends: str) -> Iterator[None]:
    """The same in the protected application's database, by the owner of its tables."""

    def run(statement: str) -> None:
        state = world.runtime_files.state()
        with psycopg.connect(
            host=state["database_socket"],
            port=state["database_port"],
            user="sondage_owner",
            password=world.runtime_files.secret("database-sondage-owner"),
            dbname="sondage",
            autocommit=True,
        ) as owner:
            owner.execute(statement.encode())

    run(breaks)
    try:
        yield
    finally:
        run(mends)


@contextmanager
def in_place_of(world: World, name: str, say: Callable[[Asked], Said]) -> Iterator[None]:
    """Behind the edge, at the socket of a process (`app.sock`, `web.sock`), somebody else answers."""
    place = world.runtime_files.application_socket if name == "app.sock" else world.data / "run" / name
    aside = place.with_name(f"{name}.aside")

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {key.lower(): value for key, value in self.headers.items()}
            said = say(Asked(self.command, headers.get("host", "").split(":")[0], self.path, "", headers, body))
            self.send_response(said.status)
            for key, value in said.headers:
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PROPFIND = answer  # noqa: N815 - names that the library calls

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

        def address_string(self) -> str:
            return "edge"

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    place.rename(aside)
    server = Server(os.fspath(place), Handler)
    place.chmod(0o777)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        place.unlink(missing_ok=True)
        aside.rename(place)


def but_for(world: World, paths: Mapping[str, Said]) -> Callable[[Asked], Said]:
    """The protected application itself, but for these paths: for `in_place_of(world, "app.sock", ...)`, which has set it aside."""
    aside = world.runtime_files.application_socket.with_name("app.sock.aside")

    def say(asked: Asked) -> Said:
        if asked.path in paths:
            return paths[asked.path]
        line = UnixConnection(aside, asked.host)
        try:
            line.request(asked.method, asked.path, body=asked.body, headers=dict(asked.headers))
            answer = line.getresponse()
            kept_headers = tuple((name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP)
            return Said(answer.status, answer.read(), kept_headers)
        finally:
            line.close()

    return say


def another_application(world: World, *cookies: str) -> AbstractContextManager[None]:
    """In place of the protected application, one that answers everybody and sets these cookies."""
    return in_place_of(world, "app.sock", lambda asked: Said(200, b"ok\n", tuple(("Set-Cookie", cookie) for cookie in cookies)))


NEWEST = """
select facts from statement_evidence
where measure = 'access.network_probe' and facts->>'aspect' = %s order by position desc limit 1
"""


def found(world: World, aspect: str, fact: str) -> list[Any]:
    """A list of facts from the newest trial of the door: what was seen there, whatever was changed behind Garant's back."""
    with world.sql("owner") as database:
        row = database.execute(NEWEST, [aspect]).fetchone()
    assert row is not None
    return list(row[0].get(fact, ()))


PATIENCE = 180.0
"""Seconds for a claim to read as it should: a run takes half a minute on a busy machine, and a try that timed out proves nothing.
Tries stand apart, since a run signs in several times and sign-ins from one address are counted."""


def kept(world: World, claim: str) -> None:
    """Measured until it is kept: what was mended reaches the edge within moments."""
    wait_until(lambda: world.keep(claim)[claim] == "kept", f"{claim} to be kept: {world.reason(claim)}", seconds=PATIENCE, pause=8.0)


def broken(world: World, claim: str) -> None:
    """Measured until it is broken; only for what no run mends."""
    wait_until(lambda: world.keep(claim)[claim] == "broken", f"{claim} to be broken: {world.reason(claim)}", seconds=PATIENCE, pause=8.0)
