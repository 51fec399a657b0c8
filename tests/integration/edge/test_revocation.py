"""Revocation: effective on the next request, races, reloads, running connections; and address rules that change under load."""

import contextlib
import itertools
import threading
import time
import uuid
from typing import Any

import pytest

from garant.edge.engines.haproxy import Lists, differences, install, put_lists, reload, revoke, tidy, write_lists
from garant.kernel.errors import EngineError
from support.edge import HOST, OMER, OTHER, ROSALIE, Rig, edge_rig, rules, session_hash, until


def fresh() -> str:
    return f"sid-{uuid.uuid4().hex}"


def now_ms() -> int:
    return int(time.time() * 1000)


@pytest.mark.parametrize("kind", ["s", "u", "t"])
def test_a_revocation_holds_for_the_next_request_and_for_nobody_else(rig: Rig, kind: str) -> None:
    sid, other = rig.decide.grant(fresh(), user=str(uuid.uuid4())), rig.decide.grant(fresh(), user=OMER, tenant="trois-rapides")
    user = rig.ask("/", sid=sid).seen["x-garant-user"]
    assert rig.ask("/", sid=other, host=OTHER).server == "application"
    rig.decide.granted.pop(sid)
    key = {"s": session_hash(sid), "u": user, "t": "saint-elan"}[kind]
    revoke(rig.places, [(f"{kind}:{key}", now_ms())])
    assert rig.ask("/", sid=sid).server == "web"
    asked = len(rig.decide.asked)
    assert rig.ask("/", sid=other, host=OTHER).server == "application"
    assert len(rig.decide.asked) == asked


def test_a_decision_of_after_the_revocation_passes(rig: Rig) -> None:
    sid, user = fresh(), str(uuid.uuid4())
    rig.decide.grant(sid, user=user)
    assert rig.ask("/", sid=sid).server == "application"
    revoke(rig.places, [(f"u:{user}", now_ms())])
    time.sleep(0.002)
    rig.decide.grant(sid, user=user)
    assert rig.ask("/", sid=sid).server == "application"
    asked = len(rig.decide.asked)
    assert rig.ask("/", sid=sid).server == "application"
    assert len(rig.decide.asked) == asked


def test_the_same_millisecond_counts_as_revoked(rig: Rig) -> None:
    user, moment = str(uuid.uuid4()), time.time()
    sid = rig.decide.grant(fresh(), user=user, issued=moment)
    revoke(rig.places, [(f"u:{user}", int(moment * 1000))])
    assert rig.ask("/", sid=sid).server == "web"


def test_an_older_revocation_never_undoes_a_newer_one(rig: Rig) -> None:
    user = str(uuid.uuid4())
    sid = rig.decide.grant(fresh(), user=user)
    assert rig.ask("/", sid=sid).server == "application"
    rig.decide.granted.clear()
    revoke(rig.places, [(f"u:{user}", now_ms())])
    revoke(rig.places, [(f"u:{user}", now_ms() - 60_000)])
    assert rig.ask("/", sid=sid).server == "web"


def test_trap_10_an_answer_revoked_on_its_way_is_dead_on_arrival(rig: Rig) -> None:
    user = str(uuid.uuid4())
    sid = rig.decide.grant(fresh(), user=user)
    rig.decide.hold.clear()
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(rig.ask("/", sid=sid).server))
    thread.start()
    until(lambda: rig.decide.asked, what="the question")
    revoke(rig.places, [(f"u:{user}", now_ms())])
    rig.decide.hold.set()
    thread.join(20)
    assert found == ["web"]
    assert len(rig.decide.asked) == 2
    assert rig.ask("/", sid=sid).server == "web"


def test_trap_7_a_websocket_is_cut(rig: Rig) -> None:
    user, other = str(uuid.uuid4()), str(uuid.uuid4())
    miss, hit, stays = rig.decide.grant(fresh(), user=user), rig.decide.grant(fresh(), user=user), rig.decide.grant(fresh(), user=other)
    assert rig.ask("/", sid=hit).server == "application"
    sockets = [rig.websocket(sid=sid) for sid in (miss, hit, stays)]
    assert [link.status for link in sockets] == [101, 101, 101]
    assert [link.say("allo") for link in sockets] == ["allo", "allo", "allo"]
    rig.decide.granted.clear()
    assert revoke(rig.places, [(f"u:{user}", now_ms())]) == 2
    assert [link.closed_within(2) for link in sockets[:2]] == [True, True]
    assert sockets[2].say("encore") == "encore"
    sockets[2].link.close()


def test_a_running_stream_and_a_running_upload_are_cut(rig: Rig) -> None:
    user = str(uuid.uuid4())
    sid = rig.decide.grant(fresh(), user=user)
    with rig.connect() as down, rig.connect() as up:
        down.sendall(f"GET /stream HTTP/1.1\r\nHost: {HOST}\r\nCookie: __Host-sid={sid}\r\n\r\n".encode())
        assert b"200" in down.recv(64)
        up.sendall(
            f"POST /a HTTP/1.1\r\nHost: {HOST}\r\nCookie: __Host-sid={sid}\r\nContent-Length: 90000000\r\n\r\n".encode() + b"x" * 10_000
        )
        until(lambda: len(rig.runtime.ask("garant live").splitlines()) >= 2, what="both requests")
        rig.decide.granted.clear()
        assert revoke(rig.places, [(f"u:{user}", now_ms())]) == 2
        for link in (down, up):
            link.settimeout(2)
            with contextlib.suppress(ConnectionError):
                while link.recv(65536):
                    pass


def test_what_is_over_is_forgotten(rig: Rig) -> None:
    link = rig.websocket(sid=rig.decide.grant(fresh()))
    tidy(rig.runtime)
    assert rig.runtime.ask("garant live")
    link.link.close()

    def forgotten() -> bool:
        tidy(rig.runtime)
        return not rig.runtime.ask("garant live")

    until(forgotten, what="the tidying")


def test_trap_3_and_4_a_reload_keeps_nothing_and_both_workers_are_revoked() -> None:
    with edge_rig() as rig:
        user = str(uuid.uuid4())
        sid = rig.decide.grant(fresh(), user=user)
        old = rig.websocket(sid=sid)
        assert old.say("un") == "un"
        first = rig.runtime.info()["Pid"]
        reload(rig.places)
        until(lambda: rig.answers() and rig.runtime.info()["Pid"] != first, what="the new worker")
        assert old.say("deux") == "deux"
        assert len(rig.master.workers()) == 2
        rig.decide.granted.clear()
        assert revoke(rig.places, [(f"u:{user}", now_ms())]) == 1
        assert old.closed_within(2)
        assert rig.ask("/", sid=sid).server == "web"


def test_a_bad_configuration_is_refused_and_the_running_one_stays(rig: Rig) -> None:
    before = rig.places.configuration.read_text()
    with pytest.raises(EngineError, match="unknown keyword 'nonsense'"):
        install(rig.places, before + "\nfrontend broken\n    nonsense here\n")
    assert rig.places.configuration.read_text() == before
    assert rig.ask("/public/a").status == 200


ALLOWED = rules(saint_elan=[("allow", "127.0.0.1", "public login member")])
CLOSED = rules(saint_elan=[("allow", "192.0.2.0/24", "public login member")])


@pytest.fixture
def lists(rig: Rig) -> Any:
    """Lists put during the test; those of the rig afterwards."""

    def put(addresses: Any, denied: tuple[str, ...] = ()) -> None:
        put_lists(rig.runtime, rig.places, Lists(rig.lists.hosts, addresses, denied))

    yield put
    put_lists(rig.runtime, rig.places, rig.lists)


def test_a_refused_address_sees_nothing_the_login_page_included(rig: Rig, lists: Any) -> None:
    sid = rig.decide.grant(fresh())
    assert rig.ask("/", sid=sid).server == "application"
    lists(CLOSED)
    for path in ("/", "/public/a", "/.garant/login/", "/.garant/address/", "/.garant/static/base.css"):
        answer = rig.ask(path, sid=sid)
        assert (answer.status, answer.server) == (403, ""), path
    body = rig.ask("/").body.decode()
    assert 'href="/.garant/fr/address/"' in body
    assert 'href="/.garant/en/address/"' in body
    assert "saint-elan" not in body
    assert rig.ask("/public/a", host=OTHER).server == "application"
    lists(ALLOWED)
    assert rig.ask("/", sid=sid).server == "application"
    assert rig.ask("/public/a", source="127.0.0.9").status == 403


def test_a_tenant_may_open_the_page_where_one_asks_for_an_address(rig: Rig, lists: Any) -> None:
    opened = [("allow", "192.0.2.0/24", "public login member"), ("allow", "0.0.0.0/0", "address"), ("allow", "::/0", "address")]
    lists(rules(saint_elan=opened))
    for path in ("/.garant/address/", "/.garant/fr/address/", "/.garant/en/address/", "/.garant/static/base.css"):
        assert rig.ask(path).server == "web", path
    for path in (
        "/",
        "/.garant/login/",
        "/.garant/fr/",
        "/.garant/address/../login/",
        "/.garant/addressbook/",
        "/.garant/address/..%2flogin/",
    ):
        assert rig.ask(path).status == 403, path
    assert rig.ask("/.garant/address/%2e%2e/login/").status == 400


def test_classes_have_rules_of_their_own_and_deny_wins(rig: Rig, lists: Any) -> None:
    lists(rules(saint_elan=[("allow", "127.0.0.0/8", "member"), ("deny", "127.0.0.7", "member"), ("allow", "127.0.0.7", "member")]))
    sid = rig.decide.grant(fresh())
    assert rig.ask("/", sid=sid).server == "application"
    assert rig.ask("/", sid=sid, source="127.0.0.7").status == 403
    assert rig.ask("/public/a", source="127.0.0.7").server == "application"
    assert rig.ask("/public/../a", source="127.0.0.7").status == 403


def test_a_network_denied_to_everybody_is_refused_on_every_host(rig: Rig, lists: Any) -> None:
    lists(rules(), ("127.0.0.8/32",))
    for host in (HOST, OTHER, "garant.localhost"):
        assert rig.ask("/public/a", host=host, source="127.0.0.8").status == 403
        assert rig.ask("/public/a", host=host).status == 200


def test_the_edge_agrees_with_the_compiler(rig: Rig, lists: Any) -> None:
    addresses = rules(
        saint_elan=[("deny", "127.0.0.0/28", "member public"), ("deny", "127.0.0.64/30", "login")],
        trois_rapides=[("allow", "127.0.0.1", "public"), ("allow", "127.0.0.8/29", "public"), ("deny", "127.0.0.10", "public")],
    )
    lists(addresses)
    paths = {"public": "/public/a", "member": "/dossiers/", "login": "/entrer/"}
    for last, (host, slug), (kind, path) in itertools.product(
        (1, 7, 8, 10, 15, 16, 64, 68), ((HOST, "saint-elan"), (OTHER, "trois-rapides")), paths.items()
    ):
        source = f"127.0.0.{last}"
        refused = rig.ask(path, host=host, source=source).status == 403
        assert refused == (addresses.verdict(source, slug, kind) == "deny"), (source, slug, kind)


def test_trap_29_a_denied_address_never_passes_while_rules_are_rewritten(rig: Rig, lists: Any) -> None:
    """Old and new rules deny 127.0.0.5 in many shapes; 200 recompilations under hammering."""
    shapes = [
        rules(saint_elan=[("deny", "127.0.0.5", "public")]),
        rules(saint_elan=[("deny", "127.0.0.4/30", "public")]),
        rules(saint_elan=[("allow", "192.0.2.0/24", "public")]),
        rules(saint_elan=[("deny", "127.0.0.0/29", "public"), ("deny", "127.0.0.5", "public")]),
        rules(saint_elan=[("allow", "127.0.0.0/8", "public"), ("deny", "127.0.0.5", "public")]),
    ]
    lists(shapes[0])
    stop, seen = threading.Event(), []

    def hammer() -> None:
        with rig.connect(source="127.0.0.5") as link:
            link.settimeout(5)
            while not stop.is_set():
                link.sendall(f"HEAD /public/a HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
                seen.append(link.recv(4096)[9:12])

    threads = [threading.Thread(target=hammer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for turn in range(200):
        lists(shapes[turn % len(shapes)])
    stop.set()
    for thread in threads:
        thread.join(10)
    assert len(seen) > 100
    assert set(seen) == {b"403"}


def test_drift_is_told_in_words_and_mended(rig: Rig, lists: Any) -> None:
    held = Lists(rig.lists.hosts, ALLOWED, ("192.0.2.66/32",))
    write_lists(rig.places, held)
    put_lists(rig.runtime, rig.places, held)
    assert differences(rig.runtime, rig.places, rig.plan, held) == []
    rig.runtime.ask(f"set map {rig.places.address} *|saint-elan|member allow")
    rig.runtime.ask(f"add map {rig.places.hosts} evil.example saint-elan")
    rig.runtime.ask(f"del acl {rig.places.denied} 192.0.2.66/32")
    rig.runtime.ask(f"add map {rig.places.routes} / public")
    said = differences(rig.runtime, rig.places, rig.plan, held)
    assert "address.map: *|saint-elan|member is allow in the running edge and deny in the policy" in said
    assert "hosts.map: evil.example is in the running edge and in no policy" in said
    assert "denied.lst: 192.0.2.66/32 is missing from the running edge" in said
    assert "routes.map: / is in the running edge and in no policy" in said
    rig.runtime.ask(f"del map {rig.places.routes} /")
    put_lists(rig.runtime, rig.places, held)
    assert differences(rig.runtime, rig.places, rig.plan, held) == []
    write_lists(rig.places, rig.lists)


def test_tries_to_log_in_are_limited_by_address() -> None:
    with edge_rig(login_rate=5, address_rate=5) as rig:
        statuses = [rig.ask("/.garant/fr/login/", method="POST", body=b"a").status for _ in range(8)]
        assert statuses == [200] * 5 + [429] * 3
        answer = rig.ask("/.garant/login/", method="POST", body=b"a")
        assert (answer.status, answer.header("retry-after")) == (429, "60")
        assert "Trop d’essais" in answer.body.decode()
        assert rig.ask("/.garant/login/", method="POST", body=b"a", source="127.0.0.3").status == 200
        assert rig.ask("/.garant/login/").status == 200
        asks = [rig.ask("/.garant/address/").status for _ in range(7)]
        assert asks == [200] * 5 + [429] * 2
        assert rig.ask("/public/a").status == 200


def test_user_names_of_two_tenants_are_apart(rig: Rig) -> None:
    here, there = rig.decide.grant(fresh(), user=ROSALIE), rig.decide.grant(fresh(), user=OMER, tenant="trois-rapides")
    assert rig.ask("/", sid=here).seen["x-garant-tenant"] == "saint-elan"
    assert rig.ask("/", sid=there, host=OTHER).seen["x-garant-tenant"] == "trois-rapides"
    revoke(rig.places, [("t:trois-rapides", now_ms())])
    asked = len(rig.decide.asked)
    assert rig.ask("/", sid=here).server == "application"
    assert len(rig.decide.asked) == asked
