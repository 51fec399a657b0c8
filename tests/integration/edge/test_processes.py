"""The agent and the collector as processes of their own, role garant_edge, between a real PostgreSQL and a real HAProxy."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from garant.edge import queries, service
from garant.edge.service import AddressRule
from garant.identity.service import add_tenant, tenant_transaction
from support.database import COPY, Database
from support.edge import BASE, HOST, OTHER, Rig, edge_rig, free_port, until

SUPPORT = Path(__file__).parents[2] / "support" / "edge_process.py"
pytestmark = pytest.mark.django_db(transaction=True)
Start = Callable[..., "subprocess.Popen[bytes]"]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def tenants(transactional_db: None) -> dict[str, uuid.UUID]:
    """Two organisations and the operator, committed."""
    made = {}
    with tenant_transaction(None, scope="operator"):
        for slug, host in (("operator", BASE), ("saint-elan", HOST), ("trois-rapides", OTHER)):
            made[slug] = add_tenant(slug=slug, name=slug, host=host, operator=slug == "operator", at=now(), actor="system:test").id
    return made


@pytest.fixture
def start(database: Database, tmp_path: Path) -> Iterator[Start]:
    """Starts `agent` or `collector` beside a rig, ends them all."""
    started: list[subprocess.Popen[bytes]] = []

    def run(name: str, rig: Rig) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ,
            "GARANT_ROLE": "edge",
            "GARANT_DATABASE_URL": f"postgresql://127.0.0.1:{database.cluster.port}/{COPY}",
            "PYTHONPATH": os.pathsep.join(str(SUPPORT.parents[i] / "src") if i == 2 else str(SUPPORT.parents[i]) for i in (2, 1)),
        }
        log = (tmp_path / f"{name}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, str(SUPPORT), name, str(rig.places.run), str(rig.plan.collector)], env=environment, stdout=log, stderr=log
        )
        log.close()
        started.append(process)
        return process

    yield run
    for process in started:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait(10)


@pytest.fixture
def bare() -> Iterator[Rig]:
    """An edge that knows no host yet: closed."""
    with edge_rig(collector=free_port()) as rig:
        rig.stop()
        rig.lists = type(rig.lists)()
        rig.write()
        rig.start()
        assert rig.ask("/public/a").status == 421
        yield rig


def filled(rig: Rig) -> None:
    until(lambda: rig.ask("/public/a").status == 200, limit=20, what="the filling of the edge")


def revoke(tenant: uuid.UUID, kind: Any, key: str) -> None:
    with tenant_transaction(tenant):
        service.revoke(kind=kind, key=key, tenant=tenant, at=now(), actor="system:test")


def put(tenant: uuid.UUID, *rules: AddressRule) -> int:
    with tenant_transaction(tenant):
        return service.put_address_rules(tenant=tenant, rules=rules, at=now(), actor="system:test")


def test_the_agent_opens_fills_revokes_and_acknowledges(bare: Rig, start: Start, tenants: dict[str, uuid.UUID]) -> None:
    rig, elan = bare, tenants["saint-elan"]
    start("agent", rig)
    filled(rig)
    assert rig.ask("/", host=BASE).server == "web"
    user = str(uuid.uuid4())
    sid, other = rig.decide.grant("sid-a", user=user), rig.decide.grant("sid-b", tenant="trois-rapides")
    link = rig.websocket(sid=sid)
    assert link.say("allo") == "allo"
    assert rig.ask("/", sid=other, host=OTHER).server == "application"
    rig.decide.granted.pop(sid)
    revoke(elan, "u", user)
    until(lambda: rig.ask("/", sid=sid).server == "web", what="the refusal")
    assert link.closed_within(5)
    assert rig.ask("/", sid=other, host=OTHER).server == "application"

    version = put(elan, AddressRule("allow", "192.0.2.0/24", ("public", "login", "member")))
    until(lambda: rig.ask("/public/a").status == 403, what="the new rule")
    assert rig.ask("/public/a", host=OTHER).status == 200
    with tenant_transaction(elan):
        until(lambda: [a.version for a in queries.applied(tenant=elan)] == [version], what="the acknowledgement")
        assert queries.policy_version(tenant=elan) == version
        assert queries.applied(tenant=tenants["trois-rapides"]) == []
        state = until(lambda: next((e for e in queries.edges(now=now()) if not e.problem and e.revoked_through_ms), None))
    assert state.name == "edge-1"
    assert state.engine.startswith("HAProxy 2.") or state.engine.startswith("HAProxy 3.")


def test_a_list_changed_in_the_running_edge_is_seen_and_filled_again(bare: Rig, start: Start, tenants: dict[str, uuid.UUID]) -> None:
    rig, elan = bare, tenants["saint-elan"]
    start("agent", rig)
    filled(rig)
    put(elan, AddressRule("allow", "192.0.2.0/24", ("public", "login", "member")))
    until(lambda: rig.ask("/public/a").status == 403, limit=20, what="the rule")

    def seen() -> list[str]:
        with tenant_transaction(None, scope="operator"):
            return [str(each) for each in service.running_differences(rig.places.run)]

    until(lambda: seen() == [], limit=20, what="an edge that holds what the policy says")
    rig.runtime.ask(f"set map {rig.places.address} *|saint-elan|public allow")
    assert rig.ask("/public/a").status == 200
    assert seen() == ["address.map: *|saint-elan|public is allow in the running edge and deny in the policy"]
    with tenant_transaction(None):
        service.fill_again()
    until(lambda: seen() == [], limit=20, what="the filling of the edge")
    assert rig.ask("/public/a").status == 403
    assert rig.ask("/public/a", host=OTHER).status == 200


def test_a_killed_haproxy_comes_back_filled_and_revoked(bare: Rig, start: Start, tenants: dict[str, uuid.UUID]) -> None:
    rig, elan = bare, tenants["saint-elan"]
    start("agent", rig)
    filled(rig)
    put(elan, AddressRule("deny", "127.0.0.7", ("public",)))
    until(lambda: rig.ask("/public/a", source="127.0.0.7").status == 403, what="the rule")
    user = str(uuid.uuid4())
    revoke(elan, "u", user)
    until(lambda: user in (rig.runtime.ask(f"garant revoke u:{user} 1") and user), what="the revocation")
    assert rig.process is not None
    workers = [worker.pid for worker in rig.master.workers()]
    rig.process.send_signal(signal.SIGKILL)
    rig.process.wait(5)
    for pid in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    rig.start()
    assert rig.ask("/public/a", source="127.0.0.7").status == 403
    late = rig.decide.grant("sid-late", user=user, issued=time.time() - 30)
    until(lambda: rig.ask("/", sid=late).server == "web", what="the replay of the revocation")


def test_the_agent_lives_through_a_database_that_goes_away(
    bare: Rig, start: Start, tenants: dict[str, uuid.UUID], database: Database
) -> None:
    rig, elan = bare, tenants["saint-elan"]
    agent = start("agent", rig)
    filled(rig)
    with database.administrator.connect("postgres") as server:
        server.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'garant_edge'")
    assert rig.ask("/public/a").status == 200
    put(elan, AddressRule("deny", "127.0.0.7", ("public",)))
    until(lambda: rig.ask("/public/a", source="127.0.0.7").status == 403, limit=20, what="the rule after the cut")
    assert agent.poll() is None


def counts(since: datetime) -> queries.Losses:
    return queries.losses(since=since.replace(second=0, microsecond=0))


def test_every_request_is_one_line_of_its_tenants_journal(bare: Rig, start: Start, tenants: dict[str, uuid.UUID]) -> None:
    rig, elan, rapides = bare, tenants["saint-elan"], tenants["trois-rapides"]
    began = now() - timedelta(seconds=5)
    start("agent", rig)
    filled(rig)
    start("collector", rig)
    user = str(uuid.uuid4())
    sid = rig.decide.grant("sid-j", user=user)
    rig.ask("/dossiers/'\"{}?secret=1", sid=sid)
    rig.ask("/public/other", host=OTHER)
    rig.ask("/gestion/", sid=sid)
    with contextlib.suppress(OSError):
        rig.connect("nobody.example").close()
    rig.raw(b"BAD\r\n\r\n")
    with tenant_transaction(elan):
        lines = until(lambda: len(found := queries.journal(tenant=elan, since=began, text=user)) == 2 and found, what="the journal")
        assert [(line.method, line.status, line.reason) for line in reversed(lines)] == [("GET", 200, ""), ("GET", 403, "role")]
        first = lines[-1]
        assert first.path.startswith("/dossiers/")
        assert "secret" not in first.path
        assert (first.address, first.host, str(first.user)) == ("127.0.0.1", HOST, user)
        assert began < first.at < now()
        assert queries.journal(tenant=rapides, since=began) == []
    with tenant_transaction(rapides):
        assert [line.path for line in queries.journal(tenant=rapides, since=began)] == ["/public/other"]
        until(lambda: counts(began).lines >= 5, what="the counters")
        assert counts(began).lost == 0
        assert counts(began).unreadable == 0


def test_loss_is_counted_exactly_and_the_edge_keeps_serving(start: Start, tenants: dict[str, uuid.UUID]) -> None:
    """The collector is away for longer than the ring holds: what is missing in the journal is what is counted."""
    began = now()
    with edge_rig(collector=free_port(), ring=65_536) as rig:
        collector = start("collector", rig)
        elan = tenants["saint-elan"]
        with tenant_transaction(elan):
            until(lambda: rig.ask("/public/first").status == 200 and queries.journal(tenant=elan, since=began), what="the first line")
        collector.terminate()
        collector.wait(15)
        sent = 1500
        with rig.connect() as link:
            for _ in range(sent):
                link.sendall(f"HEAD /public/lost HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
                assert link.recv(4096).startswith(b"HTTP/1.1 200")
        start("collector", rig)

        def asked_again() -> bool:
            nonlocal sent
            sent += 1
            return rig.ask("/public/last").status == 200 and bool(queries.journal(tenant=elan, since=began, text="/public/last"))

        with tenant_transaction(elan):
            until(asked_again, limit=30, what="the last line")
            until(lambda: counts(began).lost > 0, limit=20, what="the loss")

            def settled() -> bool:
                kept = sum(
                    len(queries.journal(tenant=elan, since=began, text=path, limit=5000)) for path in ("/public/lost", "/public/last")
                )
                return 0 < kept < sent and counts(began).missing == sent - kept

            until(settled, limit=30, what="an exact count")
