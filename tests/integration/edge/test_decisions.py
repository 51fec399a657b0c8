"""The decision cache: hit, miss, expiry, malformed answers, a dead service, role routes. Real HAProxy, stand-in services."""

import re
import threading
import time
import uuid
from typing import Any

import pytest
from aiohttp import web

from support.edge import HOST, OMER, OTHER, ROSALIE, Rig, edge_rig, until


def fresh() -> str:
    return f"sid-{uuid.uuid4().hex}"


def test_a_hit_goes_straight_to_the_application_with_its_identity(rig: Rig) -> None:
    sid = rig.decide.grant(fresh(), roles="admin,member")
    for _ in range(3):
        seen = rig.ask("/dossiers/", sid=sid).seen
        assert seen["server"] == "application"
        assert (seen["x-garant-tenant"], seen["x-garant-user"], seen["x-garant-roles"]) == ("saint-elan", ROSALIE, "admin,member")
        assert seen["x-garant-assertion"] == "aaa.bbb.ccc"
    assert len(rig.decide.asked) == 1
    assert rig.decide.asked[0]["x-edge-ip"] == "127.0.0.1"
    assert rig.decide.asked[0]["x-edge-host"] == HOST


def test_two_persons_never_share_a_decision(rig: Rig) -> None:
    rosalie, omer = rig.decide.grant(fresh()), rig.decide.grant(fresh(), user=OMER)
    for _ in range(2):
        assert rig.ask("/", sid=rosalie).seen["x-garant-user"] == ROSALIE
        assert rig.ask("/", sid=omer).seen["x-garant-user"] == OMER


def test_a_stolen_cookie_from_another_address_is_decided_afresh(rig: Rig) -> None:
    sid = rig.decide.grant(fresh())
    assert rig.ask("/", sid=sid).server == "application"
    known = rig.decide.known
    rig.decide.say = lambda asked: known(asked) if asked["x-edge-ip"] == "127.0.0.1" else web.Response(status=403)
    assert rig.ask("/", sid=sid, source="127.0.0.7").server == "web"
    assert rig.ask("/", sid=sid).server == "application"


def test_trap_1_an_expired_decision_is_renewed_and_hits_again(rig: Rig) -> None:
    sid = rig.decide.grant(fresh(), life=2)
    assert rig.ask("/", sid=sid).server == "application"

    def renewed() -> bool:
        rig.decide.grant(sid)
        assert rig.ask("/", sid=sid).server == "application"
        return len(rig.decide.asked) == 2

    until(renewed, what="the renewal")
    for _ in range(5):
        assert rig.ask("/", sid=sid).server == "application"
    assert len(rig.decide.asked) == 2


def test_an_expired_decision_lets_nobody_in(rig: Rig) -> None:
    sid = rig.decide.grant(fresh(), life=2)
    assert rig.ask("/", sid=sid).server == "application"
    rig.decide.granted.clear()
    until(lambda: rig.ask("/", sid=sid).server == "web", what="the end of the decision")


def test_trap_6_two_roles_arrive_whole(rig: Rig) -> None:
    assert rig.ask("/", sid=rig.decide.grant(fresh(), roles="editor,reporter")).seen["x-garant-roles"] == "editor,reporter"


@pytest.mark.parametrize(
    "value",
    [
        "-1|{ms}|saint-elan|u|r|a",
        "99999999999999999999|{ms}|saint-elan|u|r|a",
        "9999999999",
        "abc",
        "",
        "0x7fffffff|{ms}|saint-elan|u|r|a",
        "1",
        "{exp}|{ms}|saint-elan||member|a",
        "{exp}|{ms}|saint-elan|u|member|",
        "{exp}|{ms}|saint-elan|u|member",
        "{exp}||saint-elan|u|member|a",
        "{exp}|{ms}|saint-elan|u|member|a|more",
        "{exp}|{ms}|saint-elan|u x|member|a",
        "{past}|{ms}|saint-elan|u|member|a",
        "{exp}|{future}|saint-elan|u|member|a",
        "{exp}|{ms}|trois-rapides|u|member|a",
        "{exp}|{ms}|operator|u|member|a",
        '{exp}|{ms}|saint-elan|"u|member|a',
    ],
)
def test_trap_8_a_malformed_answer_opens_nothing(rig: Rig, value: str) -> None:
    now = time.time()
    made = value.format(ms=int(now * 1000), exp=int(now + 50), past=int(now - 1), future=int((now + 3600) * 1000))
    rig.decide.say = lambda asked: web.Response(status=200, headers={"X-Decision": made})
    answer = rig.ask("/", sid=fresh())
    assert (answer.status, answer.server) == (503, "")
    assert rig.application.seen == []


def test_an_answer_cannot_live_longer_than_the_edge_allows() -> None:
    """A decision service with a wrong clock gives an hour: the edge takes its own limit, on its own clock."""
    with edge_rig(life_seconds=2) as rig:
        sid = rig.decide.grant(fresh(), life=3600)
        assert rig.ask("/", sid=sid).server == "application"
        rig.decide.granted.clear()
        until(lambda: rig.ask("/", sid=sid).server == "web", limit=10, what="the end of the decision")


@pytest.mark.parametrize("status", [400, 404, 302, 500, 204, 200, 301, 429])
def test_trap_22_only_401_and_403_deny_and_all_else_is_down(rig: Rig, status: int) -> None:
    rig.decide.say = lambda asked: web.Response(status=status)
    answer = rig.ask("/", sid=fresh())
    assert answer.status == 503
    assert answer.header("retry-after") == "5"


def test_two_decisions_in_one_answer_are_none(rig: Rig) -> None:
    value = rig.decide.granted[rig.decide.grant(fresh())]

    def twice(asked: Any) -> web.Response:
        answer = web.Response(status=200)
        answer.headers.add("X-Decision", value)
        answer.headers.add("X-Decision", value)
        return answer

    rig.decide.say = twice
    assert rig.ask("/", sid=fresh()).status == 503


@pytest.mark.parametrize("status", [401, 403])
def test_trap_23_who_is_refused_is_shown_the_gate_once(rig: Rig, status: int) -> None:
    rig.decide.say = lambda asked: web.Response(status=status)
    answer = rig.ask("/dossiers/?a=1", sid=fresh())
    assert (answer.status, answer.server, answer.seen["path"]) == (200, "web", "/dossiers/?a=1")


def test_a_member_page_without_a_session_is_the_gate_and_asks_nobody(rig: Rig) -> None:
    assert rig.ask("/dossiers/").server == "web"
    assert rig.ask("/dossiers/", headers={"Cookie": "__Host-sid="}).server == "web"
    assert rig.decide.asked == []


def test_a_public_page_needs_no_session_and_gets_the_identity_when_there_is_one(rig: Rig) -> None:
    seen = rig.ask("/public/a").seen
    assert seen["server"] == "application"
    assert not [name for name in seen if name.startswith("x-garant")]
    assert rig.ask("/public/a", sid=rig.decide.grant(fresh())).seen["x-garant-user"] == ROSALIE
    rig.decide.say = lambda asked: web.Response(status=401)
    seen = rig.ask("/public/a", sid=fresh()).seen
    assert seen["server"] == "application"
    assert "x-garant-user" not in seen
    assert "cookie" not in seen


def test_trap_26_the_cookie_of_one_tenant_opens_nothing_at_another(rig: Rig) -> None:
    sid = rig.decide.grant(fresh())
    assert rig.ask("/", sid=sid).server == "application"
    answer = rig.ask("/", sid=sid, host=OTHER)
    assert answer.status == 503
    other = rig.decide.grant(fresh(), tenant="trois-rapides")
    assert rig.ask("/", sid=other, host=OTHER).server == "application"
    assert rig.ask("/", sid=other).status == 503


@pytest.mark.parametrize(
    ("roles", "path", "passes"),
    [
        ("editor", "/gestion/", True),
        ("admin,member", "/gestion/x", True),
        ("member", "/gestion/", False),
        ("", "/gestion/", False),
        ("administrator", "/gestion/", False),
        ("member,editors", "/gestion/", False),
        ("member", "//gestion/", False),
        ("member", "/x/../gestion/", False),
        ("member", "/gestion%2f", False),
        ("member", "/gestion;a/", False),
        ("admin", "//gestion/", True),
        ("member", "/autre/", True),
    ],
)
def test_a_route_that_names_roles_is_closed_to_others(rig: Rig, roles: str, path: str, passes: bool) -> None:
    answer = rig.ask(path, sid=rig.decide.grant(fresh(), roles=roles))
    assert (answer.status, answer.server) == ((200, "application") if passes else (403, ""))


def test_the_role_page_speaks_both_languages_and_numbers_the_request(rig: Rig) -> None:
    body = rig.ask("/gestion/", sid=rig.decide.grant(fresh())).body.decode()
    assert '<html lang="fr-CA">' in body
    assert '<div lang="en-CA">' in body
    number = re.findall(r"[0-9A-F]{8}-[0-9A-F]{4,}-[0-9A-F]{4,}", body)
    assert len(number) == 2
    assert number[0] == number[1]


def test_trap_9_and_24_without_the_decision_service_hits_live_and_misses_are_refused_at_once() -> None:
    with edge_rig() as rig:
        known, late = rig.decide.grant(fresh(), life=5), rig.decide.grant(fresh())
        assert rig.ask("/", sid=known).server == "application"
        rig.loop.end("decide")
        (rig.places.run / "decide.sock").unlink(missing_ok=True)
        answer = rig.ask("/", sid=late)
        assert (answer.status, answer.header("retry-after")) == (503, "5")
        until(lambda: " 0/1" in rig.runtime.ask("show stat decide 1 1") or rig.ask("/", sid=late).status == 503)
        assert rig.ask("/", sid=known).server == "application"
        assert rig.ask("/public/a").server == "application"
        assert rig.ask("/.garant/login/").server == "web"
        assert rig.ask("/dossiers/").server == "web"
        until(lambda: rig.ask("/", sid=known).status == 503, limit=20, what="the end of the last decision")
        rig.loop.serve("decide", rig.decide.answer, rig.places.run / "decide.sock")
        until(lambda: rig.ask("/", sid=late).server == "application", what="the return of the decision service")


def test_trap_18_an_error_inside_lua_opens_nothing() -> None:
    with edge_rig() as rig:
        path = rig.places.run / "decisions.lua"
        whole = path.read_text()
        broken = whole.replace("local e, why = ask(txn)", "local e, why = ask(txn) + nil")
        assert broken != whole
        path.write_text(broken)
        rig.stop()
        rig.start()
        answer = rig.ask("/dossiers/", sid=rig.decide.grant(fresh()))
        assert answer.server in ("web", "")
        assert rig.application.seen == []


def test_trap_16_and_25_one_worker_and_it_is_not_root(rig: Rig) -> None:
    workers = rig.master.workers()
    assert len(workers) == 1
    status = open(f"/proc/{workers[0].pid}/status").read()  # noqa: SIM115
    uid = int(re.search(r"^Uid:\s+(\d+)", status, re.M).group(1))  # type: ignore[union-attr]
    assert uid != 0


def test_many_first_requests_at_once_are_all_served(rig: Rig) -> None:
    """Each gets its own identity, never another's; on a busy machine some are told to come back (503) and do."""
    sids = [rig.decide.grant(fresh(), user=str(uuid.uuid4())) for _ in range(40)]
    found: list[tuple[str, str]] = []

    def one(sid: str) -> None:
        answer = until(lambda: came if (came := rig.ask("/", sid=sid)).status != 503 else None, limit=25, what="an answer that is no 503")
        found.append((sid, answer.seen["x-garant-user"]))

    threads = [threading.Thread(target=one, args=(sid,)) for sid in sids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {sid: rig.decide.granted[sid].split("|")[3] for sid in sids} == dict(found)
