"""An agent that was away; a stranger at the collector's port: with a real PostgreSQL, a real HAProxy, role garant_edge."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from garant.edge.agent import Agent
from garant.edge.collector import Collector, listen
from garant.edge.engines.haproxy import put_lists, write_lists
from garant.edge.engines.peers import owner_of_peer, trusted_users
from garant.edge.models import Edge, Revocation
from garant.kernel.clock import SystemClock
from support.edge import HOST, OTHER, Rig, free_port, until

LINE = (
    f'{{"n":1,"pid":4242,"rt":1,"ts":1795412997,"t":1795412997807,"ip":"127.0.0.1","h":"{HOST}","tn":"saint-elan","m":"GET",'
    '"s":200,"p":"/"}'
)


def ms_ago(**span: float) -> int:
    return int((time.time() - timedelta(**span).total_seconds()) * 1000)


def after_a_connection(agent: Agent) -> None:
    """As a new process of the agent does once it is connected."""
    agent.worker, agent.acknowledged = "", {}
    agent._remember()
    agent.turn([])
    assert agent.problem == ""


@pytest.fixture
def known(rig: Rig) -> Iterator[Callable[[], None]]:
    """Gives the edge its hosts back: an agent takes them away, since the database of these tests has none."""

    def again() -> None:
        write_lists(rig.places, rig.lists)
        put_lists(rig.runtime, rig.places, rig.lists)

    yield again
    again()


@pytest.mark.parametrize("hours", [0.2, 20])
def test_a_revocation_of_an_absence_cuts_what_the_same_worker_still_runs(
    rig: Rig, known: Callable[[], None], as_edge: Any, hours: float
) -> None:
    after_a_connection(Agent("edge-1", rig.places, SystemClock()))
    known()
    begun = time.time() - timedelta(hours=hours + 0.1).total_seconds()
    Edge.objects.filter(name="edge-1").update(revoked_through_ms=int(begun * 1000))
    users = {slug: str(uuid.uuid4()) for slug in (HOST, OTHER)}
    sid = rig.decide.grant(f"sid-{uuid.uuid4().hex}", user=users[HOST], issued=begun, life=time.time() - begun + 60)
    stays = rig.decide.grant(f"sid-{uuid.uuid4().hex}", user=users[OTHER], issued=begun, life=time.time() - begun + 60)
    cut, kept = rig.websocket(sid=sid), rig.websocket(sid=stays)
    assert [cut.say("allo"), kept.say("allo")] == ["allo", "allo"]
    Revocation.objects.create(kind="u", key=users[HOST], not_before_ms=ms_ago(hours=hours), created_at=datetime.now(UTC))
    after_a_connection(Agent("edge-1", rig.places, SystemClock()))
    assert cut.closed_within(5)
    assert kept.say("encore") == "encore"
    assert Edge.objects.get(name="edge-1").revoked_through_ms > begun * 1000
    kept.link.close()


def test_a_revocation_waits_for_every_edge_but_not_for_ever(rig: Rig, known: Callable[[], None], as_edge: Any) -> None:
    for key, age in (("minutes", {"minutes": 5}), ("hours", {"hours": 3}), ("days", {"days": 2})):
        Revocation.objects.create(kind="u", key=key, not_before_ms=ms_ago(**age), created_at=datetime.now(UTC))
    Edge.objects.create(name="edge-2", seen_at=datetime.now(UTC), revoked_through_ms=ms_ago(hours=5))

    def held() -> set[str]:
        after_a_connection(Agent("edge-1", rig.places, SystemClock()))
        return set(Revocation.objects.values_list("key", flat=True))

    assert held() == {"minutes", "hours"}
    Edge.objects.filter(name="edge-2").update(revoked_through_ms=ms_ago(minutes=1))
    assert held() == {"minutes"}


def send(port: int, *, as_user: int | None) -> None:
    """Forge a line as another user, then stay connected until the other end closes."""
    program = (
        "import encodings.idna, os, socket, sys\n"
        "if sys.argv[2]: os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))\n"
        "link = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 10)\n"
        "link.sendall(sys.argv[3].encode())\n"
        "link.settimeout(2)\n"
        "try: link.recv(1)\n"
        "except OSError: pass\n"
    )
    subprocess.run([sys.executable, "-c", program, str(port), str(as_user or ""), f"{len(LINE)} {LINE}"], timeout=30, check=True)


@contextlib.contextmanager
def collecting() -> Iterator[tuple[Collector, int]]:
    """A collector's receiving half; what it took stays in memory."""
    stop: list[int] = []
    port = free_port()
    collector = Collector("edge-1", SystemClock())
    with listen(port) as listener:
        listener.settimeout(0.2)
        thread = threading.Thread(target=collector._accept, args=(listener, lambda: bool(stop)), daemon=True)
        thread.start()
        try:
            yield collector, port
        finally:
            stop.append(1)
            thread.join(5)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as somebody else")
def test_another_users_program_cannot_write_the_access_journal() -> None:
    stranger = 54321
    assert stranger not in trusted_users()
    with collecting() as (collector, port):
        send(port, as_user=stranger)
        until(lambda: collector.counters.refused == 1, what="the refusal")
        assert (collector.counters.lines, collector.counters.unreadable, list(collector.waiting)) == (0, 0, [])


def test_the_edges_own_user_writes_the_access_journal() -> None:
    with collecting() as (collector, port):
        send(port, as_user=None)
        until(lambda: collector.counters.lines == 1, what="the line")
        assert collector.counters.refused == 0


def test_a_connection_that_is_closed_is_nobodys() -> None:
    """The kernel shows what is left of a closed connection as root's."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client = socket.create_connection(server.getsockname())
        link, _ = server.accept()
        with link:
            assert owner_of_peer(link) == os.geteuid()
            client.close()
            assert owner_of_peer(link) is None


def test_a_connection_over_a_mapped_address_is_found(tmp_path: Path) -> None:
    with socket.socket() as server, socket.socket(socket.AF_INET6) as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        try:
            client.connect(("::ffff:127.0.0.1", server.getsockname()[1]))
        except OSError:
            pytest.skip("this machine has no IPv6")
        link, _ = server.accept()
        with link:
            assert owner_of_peer(link) == os.geteuid()
            assert owner_of_peer(link, proc=tmp_path) is None
