"""Sabotage of a running deployment, mended on the way out: each block breaks one thing behind Garant's back."""

import os
import signal
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from support.world import World, wait_until


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
def another_application(world: World, *cookies: str) -> Iterator[None]:
    """In place of the protected application, one that sets these cookies on every page."""
    place = next((world.data / "run").glob("app*.sock"))
    aside = place.with_name("aside.sock")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for cookie in cookies:
                self.send_header("Set-Cookie", cookie)
            self.send_header("Content-Length", "3")
            self.end_headers()
            self.wfile.write(b"ok\n")

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

        def address_string(self) -> str:
            return "edge"

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    place.rename(aside)
    server = Server(os.fspath(place), Handler)
    Path(place).chmod(0o777)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        place.unlink(missing_ok=True)
        aside.rename(place)


def kept_again(world: World, claim: str) -> None:
    """Measured until it is kept: what was mended reaches the edge within moments."""
    wait_until(lambda: world.keep(claim)[claim] == "kept", f"{claim} to be kept again: {world.reason(claim)}", seconds=90, pause=1.0)
