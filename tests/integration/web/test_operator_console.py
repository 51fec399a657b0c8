"""The operator's console: staff only, on the operator's host only; what needs somebody comes first."""

import re
from typing import Any

import pytest

from garant.access.service import add_rule
from garant.identity.models import Tenant
from garant.identity.service import tenant_transaction
from garant.kernel.verdicts import State
from garant.vault import service as vault
from garant.web.health import Process, processes
from garant.web.today import Facts, tasks
from support import gallery
from support.visitors import NOW, Browser, person, tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Tenant:
    return tenant("operator", "Logiciels Amélanche", operator=True)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_staff_sees_tenants_and_processes(operator: Tenant) -> None:
    tenant("saint-elan", "Ville de Saint-Élan")
    answer = Browser(operator).come_in(person(operator, "maude", "staff", name="Maude")).get("/en/console/")
    assert answer.status_code == 200
    assert "Ville de Saint-Élan" in text(answer)
    assert "What needs somebody today" in text(answer)
    assert answer["Cache-Control"].startswith(("no-store", "max-age=0"))


def test_a_customer_whom_every_address_can_reach_needs_somebody(operator: Tenant) -> None:
    """ASO-16: named until its own list closes the door, whatever statement is published."""
    town, other = tenant("saint-elan", "Ville de Saint-Élan"), tenant("trois-rapides", "MRC des Trois-Rapides")
    maude = Browser(operator).come_in(person(operator, "maude", "staff", name="Maude"))
    page = text(maude.get("/en/console/"))
    assert "Ville de Saint-Élan has no address list" in page
    assert "MRC des Trois-Rapides has no address list" in page
    assert "Logiciels Amélanche has no address list" not in page
    with tenant_transaction(town.id, scope="operator"):
        add_rule(network="198.51.100.0/24", verdict="allow", classes=("login", "member"), at=NOW(), actor="x", confirm=True)
    page = text(maude.get("/en/console/"))
    assert "Ville de Saint-Élan has no address list" not in page
    assert f"{other.name} has no address list" in page


def test_a_person_of_the_operator_without_the_role_is_told_why(operator: Tenant) -> None:
    answer = Browser(operator).come_in(person(operator, "noe", "member")).get("/en/console/")
    assert answer.status_code == 403
    assert re.search("role “staff” or “admin”", text(answer))


def test_an_administrator_of_a_tenant_finds_no_operator_console(operator: Tenant) -> None:
    town = tenant("saint-elan", "Ville de Saint-Élan")
    answer = Browser(town).come_in(person(town, "rosalie", "admin")).get("/en/console/")
    assert answer.status_code in (302, 403, 404)
    assert "What needs somebody" not in text(answer)


def test_what_is_broken_comes_before_what_has_aged_and_a_process_that_is_down_is_said() -> None:
    page = gallery.statement_page({"ASO-10": State.BROKEN, "ASO-34": State.STALE})
    facts = gallery.Losses(10, 0, 0, 0, 0, None)
    made = tasks(Facts([page], [Process("worker", "down", None, 4), Process("web", "serving", None, 0)], [], facts), gallery.NOW)
    assert [task.state for task in made] == [State.BROKEN, State.BROKEN, State.STALE]
    assert "ASO-10" in made[0].what
    assert "worker" in made[1].what


def test_an_order_on_keys_waits_in_sight_of_the_operator_and_of_nobody_else(operator: Tenant) -> None:
    town = tenant("saint-elan", "Ville de Saint-Élan")
    other = tenant("trois-rapides", "MRC des Trois-Rapides")
    with tenant_transaction(town.id):
        order = vault.place(tenant=town.id, verb="suspend", reason="litige", at=NOW(), actor="staff:anne")
    browser = Browser(operator).come_in(person(operator, "maude", "member", "admin"))
    assert "An order on the keys of Ville de Saint-Élan waits for a second person" in text(browser.get("/en/console/"))
    with tenant_transaction(town.id):
        vault.approve(tenant=town.id, order=order.pk, at=NOW(), actor="staff:ben")
    assert "An approved order on the keys of Ville de Saint-Élan" in text(browser.get("/en/console/"))
    assert "litige" not in text(Browser(other).come_in(person(other, "noe", "admin")).get("/.garant/console/"))


def test_processes_in_trouble_come_first_and_no_supervisor_means_none() -> None:
    state = {
        "processes": {"web": {"state": "serving", "started": "2026-11-20T10:00:00.000000Z", "restarts": 0}, "worker": {"state": "down"}}
    }
    assert [each.name for each in processes(state)] == ["worker", "web"]
    assert processes({}) == []
