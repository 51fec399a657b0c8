"""One client with cookies of nobody's cannot keep the decision service busy; nor does it shut out who is known."""

import http.client
import threading
import uuid
from collections.abc import Iterator

import pytest

from support.edge import HOST, OTHER, Rig, edge_rig, until

FEW = 5


def fresh() -> str:
    return f"sid-{uuid.uuid4().hex}"


@pytest.fixture
def strict() -> Iterator[Rig]:
    """Five cookies of nobody's a minute."""
    with edge_rig(miss_rate=FEW) as made:
        yield made


def tire(rig: Rig, *, host: str = HOST, source: str = "") -> None:
    for _ in range(FEW + 1):
        assert rig.ask("/dossiers/", sid=fresh(), host=host, source=source).server == "web"
    assert len(rig.decide.asked) == FEW + 1


def test_random_session_cookies_stop_being_asked_for(strict: Rig) -> None:
    rig = strict
    tire(rig)
    for _ in range(20):
        seen = rig.ask("/dossiers/", sid=fresh(), headers={"Cookie": "theme=sombre"}).seen
        assert seen["server"] == "web"
        assert "__Host-sid" not in str(seen), "anonymous: no session to look up behind the edge either"
    assert len(rig.decide.asked) == FEW + 1
    public = rig.ask("/public/a", sid=fresh()).seen
    assert public["server"] == "application"
    assert not [name for name in public if name.startswith("x-garant")]
    refused = rig.ask("/dossiers/", sid=fresh(), method="POST", body=b"a=b")
    assert (refused.status, refused.header("retry-after"), refused.server) == (429, "60", "")
    assert len(rig.decide.asked) == FEW + 1


def test_a_tired_address_is_never_authenticated_without_being_asked_for(strict: Rig) -> None:
    """A session that is good but was not seen lately is anonymous there, and itself from elsewhere."""
    rig = strict
    tire(rig)
    sid, other = rig.decide.grant(fresh()), rig.decide.grant(fresh(), tenant="trois-rapides")
    assert rig.ask("/dossiers/", sid=sid).server == "web"
    assert rig.ask("/dossiers/", sid=other, host=OTHER).server == "web"
    rig.application.seen.clear()
    assert rig.ask("/public/a", sid=sid).server == "application"
    assert "x-garant-user" not in rig.application.seen[0]
    assert rig.ask("/dossiers/", sid=sid, source="127.0.0.9").server == "application"


def test_who_had_a_decision_lately_is_asked_for_from_a_tired_address(strict: Rig) -> None:
    rig = strict
    sid = rig.decide.grant(fresh(), life=2)
    assert rig.ask("/dossiers/", sid=sid).server == "application"
    rig.decide.asked.clear()
    tire(rig)
    until(lambda: rig.runtime.ask("garant count") == "0", what="the end of the decision")
    rig.decide.grant(sid)
    assert rig.ask("/dossiers/", sid=sid).server == "application"
    assert rig.ask("/dossiers/", sid=sid, method="POST", body=b"a=b").server == "application"
    rig.decide.granted.clear()
    rig.runtime.ask("garant clear")
    assert rig.ask("/dossiers/", sid=sid).server == "web"


def test_one_dead_cookie_is_one_stranger_and_costs_few_questions(strict: Rig) -> None:
    """A page with many pictures, asked for with a session that is over, does not tire an address."""
    rig = strict
    dead, sid = fresh(), rig.decide.grant(fresh())
    connection = http.client.HTTPSConnection(HOST, rig.plan.https)
    connection.sock = rig.connect()
    for _ in range(100):
        connection.request("GET", "/public/a", headers={"Host": HOST, "Cookie": f"__Host-sid={dead}"})
        assert connection.getresponse().read()
    connection.close()
    assert 1 <= len(rig.decide.asked) < 20
    assert rig.ask("/dossiers/", sid=sid).server == "application"


def test_a_cookie_too_long_to_be_ours_is_counted_each_time(strict: Rig) -> None:
    rig = strict
    for _ in range(FEW + 4):
        assert rig.ask("/dossiers/", sid="x" * 2000).server == "web"
    assert len(rig.decide.asked) == FEW + 1


def test_a_flood_of_strangers_leaves_the_decision_service_to_the_others(strict: Rig) -> None:
    rig = strict
    stop = threading.Event()

    def flood() -> None:
        while not stop.is_set():
            rig.ask("/dossiers/", sid=fresh(), source="127.0.0.66")

    threads = [threading.Thread(target=flood) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        assert rig.ask("/", sid=rig.decide.grant(fresh(), tenant="trois-rapides"), host=OTHER).server == "application"
    stop.set()
    for thread in threads:
        thread.join(20)
    assert len([asked for asked in rig.decide.asked if asked["x-edge-ip"] == "127.0.0.66"]) <= FEW + 1 + len(threads)
