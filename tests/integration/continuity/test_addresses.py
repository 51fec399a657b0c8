"""Addresses followed through a real door (ASO-21, AST-10), and which hosts are in scope for two organisations."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from garant.assurance.engines import hosts as assurance_hosts
from garant.continuity.engines.addresses import Addresses, served_hosts
from garant.identity.service import add_tenant, tenant_transaction
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Promise
from support.door import BASE, HOSTS, LOGIN, TRUST, door

PROMISE = Promise("continuity.browser_only")
CLIENT = HOSTS[f"saint-elan.{BASE}"]


def test_every_address_leads_to_a_whole_page(tmp_path: Path) -> None:
    with door(tmp_path) as deployment:
        seen = Addresses(deployment, lambda: HOSTS, source="127.0.0.1").observe(PROMISE)
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
        seen = Addresses(deployment, lambda: HOSTS).observe(PROMISE)
    assert seen.facts["hosts"][CLIENT]["complete"] == ""  # type: ignore[index, call-overload]
    assert seen.facts["hosts"][BASE]["complete"] == "page"  # type: ignore[index, call-overload]


def test_an_address_that_does_not_answer_is_not_complete_and_names_nobody(tmp_path: Path) -> None:
    with door(tmp_path) as deployment:
        pass
    seen = Addresses(deployment, lambda: HOSTS).observe(PROMISE)
    assert [found["complete"] for found in seen.facts["hosts"].values()] == ["", ""]  # type: ignore[union-attr, call-overload, index]
    assert "saint-elan" not in str(seen.facts)


def test_a_door_that_answers_for_anybody_misses_its_canary(tmp_path: Path) -> None:
    open_door = {"/": TRUST}
    with door(tmp_path, pages=open_door, anybody=True) as deployment:
        assert Addresses(deployment, lambda: HOSTS).observe(PROMISE).canary is Canary.MISSED


def test_nobody_to_serve_is_nothing_to_say() -> None:
    with pytest.raises(EngineError, match="no tenant"):
        Addresses(Deployment(base=BASE, https=1, http=2, data=Path("/")), dict).observe(PROMISE)


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
