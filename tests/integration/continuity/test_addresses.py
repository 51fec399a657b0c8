"""Addresses followed through a real door (ASO-21, AST-10), and which hosts are in scope for two organisations."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from garant.assurance.engines import hosts as assurance_hosts
from garant.continuity.engines import addresses
from garant.continuity.engines.addresses import Addresses, served_hosts
from garant.continuity.policy import judge
from garant.identity.service import add_tenant, tenant_transaction
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Evidence, Observation, Promise
from garant.kernel.visitor import Sources
from support import stub
from support.door import BASE, HOSTS, LOGIN, TRUST, door
from support.stub import Asked, Said

PROMISE = Promise("continuity.browser_only")
CLIENT = HOSTS[f"saint-elan.{BASE}"]


def everywhere() -> dict[str, str]:
    return dict.fromkeys(HOSTS, "127.0.0.1")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "REACH", 0.3)


INSIDE = "127.9.9.9"


class Door:
    """It lets nobody in but those who come from `inside`, and then shows a sign-in page."""

    def __init__(self, inside: str) -> None:
        self.inside = inside

    def say(self, asked: Asked) -> Said:
        if asked.host not in HOSTS:
            return Said(421)
        html = (("content-type", "text/html"),)
        return Said(200, LOGIN.encode(), html) if asked.source == self.inside else Said(403, b"<h1>403</h1>", html)


def follow(directory: Path, door: Door, sources: Sources) -> Observation:
    with stub.site(directory, door.say) as made:
        place = Deployment(BASE, made.port, 0, directory, authority=made.authority)
        return Addresses(place, sources, lambda: HOSTS).observe(PROMISE)


def test_each_host_is_asked_from_an_address_that_its_rules_let_in(tmp_path: Path) -> None:
    seen = follow(tmp_path, Door(INSIDE), lambda: dict.fromkeys(HOSTS, INSIDE))
    assert (seen.checked, seen.in_scope) == (2, 2)
    assert seen.facts["unchecked"] == []
    assert {found["complete"] for found in seen.facts["hosts"].values()} == {"sign_in"}  # type: ignore[union-attr, call-overload, index]


def test_a_host_that_lets_no_address_of_this_machine_in_is_unchecked_and_not_broken(tmp_path: Path) -> None:
    """A customer that lists its own networks only: from 127.0.0.1 it refuses, as it must."""
    seen = follow(tmp_path, Door(INSIDE), lambda: {BASE: INSIDE, f"saint-elan.{BASE}": ""})
    assert (seen.checked, seen.in_scope, seen.canary) == (1, 2, Canary.HELD)
    assert seen.facts["unchecked"] == [CLIENT]
    assert list(seen.facts["hosts"]) == [BASE]  # type: ignore[arg-type]
    now = datetime.now(UTC)
    run = Evidence("e", "p", "m", now, now, now, 1, 2, seen.facts, seen.canary, (), None, "0" * 64, 1)
    assert judge(PROMISE, run).holds is None


def test_rules_that_change_meanwhile_are_asked_for_again(tmp_path: Path) -> None:
    answers = iter([INSIDE, "127.8.8.8"])
    seen = follow(tmp_path, Door("127.8.8.8"), lambda: dict.fromkeys(HOSTS, next(answers, "127.8.8.8")))
    assert {found["complete"] for found in seen.facts["hosts"].values()} == {"sign_in"}  # type: ignore[union-attr, call-overload, index]
    answers = iter([INSIDE, ""])
    assert follow(tmp_path, Door("127.8.8.8"), lambda: dict.fromkeys(HOSTS, next(answers, ""))).checked == 0


def test_every_address_leads_to_a_whole_page(tmp_path: Path) -> None:
    with door(tmp_path) as deployment:
        seen = Addresses(deployment, everywhere, lambda: HOSTS).observe(PROMISE)
    assert (seen.checked, seen.in_scope, seen.canary) == (2, 2, Canary.HELD)
    assert seen.facts["hosts"] == {
        BASE: {"status": 200, "type": "text/html", "complete": "page"},
        CLIENT: {"status": 200, "type": "text/html", "complete": "sign_in"},
    }


@pytest.mark.parametrize(
    "page",
    [
        LOGIN.replace('type="password"', 'type="text"').replace("<p>", ""),
        '<!doctype html><div id="app"></div><script src="/app.js"></script>',
        "",
    ],
)
def test_a_shell_is_not_complete(tmp_path: Path, page: str) -> None:
    with door(tmp_path, pages={"/.garant/fr/login/": page or " "}) as deployment:
        seen = Addresses(deployment, everywhere, lambda: HOSTS).observe(PROMISE)
    assert seen.facts["hosts"][CLIENT]["complete"] == ""  # type: ignore[index, call-overload]
    assert seen.facts["hosts"][BASE]["complete"] == "page"  # type: ignore[index, call-overload]


def test_an_address_that_does_not_answer_is_not_complete_and_names_nobody(tmp_path: Path) -> None:
    with door(tmp_path) as deployment:
        pass
    seen = Addresses(deployment, everywhere, lambda: HOSTS).observe(PROMISE)
    assert [found["complete"] for found in seen.facts["hosts"].values()] == ["", ""]  # type: ignore[union-attr, call-overload, index]
    assert "saint-elan" not in str(seen.facts)


def test_a_door_that_answers_for_anybody_misses_its_canary(tmp_path: Path) -> None:
    open_door = {"/": TRUST}
    with door(tmp_path, pages=open_door, anybody=True) as deployment:
        assert Addresses(deployment, everywhere, lambda: HOSTS).observe(PROMISE).canary is Canary.MISSED


def test_nobody_to_serve_is_nothing_to_say() -> None:
    with pytest.raises(EngineError, match="no tenant"):
        Addresses(Deployment(base=BASE, https=1, http=2, data=Path("/")), dict, dict).observe(PROMISE)


def test_hosts_in_scope_are_every_tenant_s_under_a_name_that_tells_nobody(as_worker: str, database: object) -> None:
    assert served_hosts() == {}
    with pytest.raises(EngineError, match="no tenant"):
        assurance_hosts.served_hosts()


@pytest.mark.django_db
def test_two_organisations_and_the_operator_are_in_scope() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    with tenant_transaction(None, scope="operator"):
        operator = add_tenant(slug="operator", name="Logiciels Amélanche", host=BASE, operator=True, at=now, actor="system:test")
        one = add_tenant(slug="saint-elan", name="Ville de Saint-Élan", host=f"saint-elan.{BASE}", at=now, actor="system:test")
        two = add_tenant(slug="trois-rapides", name="MRC des Trois-Rapides", host=f"trois-rapides.{BASE}", at=now, actor="system:test")
    for found in (served_hosts(), assurance_hosts.served_hosts()):
        assert found == {
            operator.host: BASE,
            one.host: f"client {one.id.hex[:8]}",
            two.host: f"client {two.id.hex[:8]}",
        }
    assert next(iter(assurance_hosts.served_hosts())) == BASE
