"""Every request belongs to the tenant of its host: nobody's host reaches no view, and an answer of 5xx undoes what its view did."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from garant.audit import queries as audit
from garant.audit.service import Kind
from garant.identity import queries
from garant.identity.middleware import TenantOfHost
from garant.identity.models import Tenant
from garant.identity.service import add_user, current_tenant, tenant_transaction
from support.database import Database
from support.visitors import BASE, NOW, tenant

View = Callable[[HttpRequest], HttpResponse]


@pytest.fixture
def towns(transactional_db: None, database: Database) -> tuple[Tenant, Tenant]:
    """Transactions here are real ones: what a view leaves is committed or gone."""
    return tenant("saint-elan", "Ville de Saint-Élan"), tenant("trois-rapides", "MRC des Trois-Rapides")


def ask(view: View, host: str) -> Any:
    """One request through this middleware; an exception becomes an answer before it gets there, as in the product."""
    whole: Any = convert_exception_to_response(view)
    return TenantOfHost(whole)(RequestFactory().get("/", headers={"host": host}))


def people(of: Tenant) -> list[str]:
    with tenant_transaction(of.id):
        return [user.login for user in queries.people()]


def entries(of: Tenant) -> int:
    with tenant_transaction(of.id):
        return len(audit.entries(tenant=of.id, kinds=[Kind.USER_ADDED]))


def adding(login: str, status: int = 200) -> View:
    """A view that adds a person, then answers with this status."""

    def view(request: HttpRequest) -> HttpResponse:
        add_user(login=login, name=login, at=NOW(), actor="system:test")
        return HttpResponse(status=status)

    return view


def test_each_host_gets_its_own_tenant_and_sees_its_own_people(towns: tuple[Tenant, Tenant]) -> None:
    seen: dict[str, tuple[str, uuid.UUID, list[str]]] = {}

    def view(request: HttpRequest) -> HttpResponse:
        found = request.tenant  # type: ignore[attr-defined]
        seen[request.get_host()] = (found.slug, current_tenant(), [user.login for user in queries.people()])
        return HttpResponse()

    for town, login in zip(towns, ("omer", "bob"), strict=True):
        assert ask(adding(login), town.host).status_code == 200
        assert ask(view, town.host.upper() + ":8443").status_code == 200
    first, second = towns
    assert seen == {
        "SAINT-ELAN.GARANT.LOCALHOST:8443": ("saint-elan", first.id, ["omer"]),
        "TROIS-RAPIDES.GARANT.LOCALHOST:8443": ("trois-rapides", second.id, ["bob"]),
    }


@pytest.mark.parametrize("host", [f"nobody.{BASE}", f"saint-elan.saint-elan.{BASE}", f"operator.{BASE}", BASE])
def test_a_host_of_nobody_reaches_no_view(towns: tuple[Tenant, Tenant], host: str) -> None:
    reached: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        reached.append(request.get_host())
        return HttpResponse("secret")

    answer = ask(view, host)
    assert (answer.status_code, reached) == (421, [])
    assert f"No service answers for {BASE} under this name." in answer.content.decode()
    assert "saint-elan" not in answer.content.decode()


def test_the_whole_chain_answers_421_to_a_host_of_nobody_and_sets_no_cookie(towns: tuple[Tenant, Tenant]) -> None:
    client = Client(headers={"x-edge-ip": "192.0.2.10"})
    answer = client.get("/.garant/en/login/", secure=True, headers={"host": f"nobody.{BASE}"})
    assert (answer.status_code, dict(answer.cookies)) == (421, {})
    foreign = client.get("/.garant/en/login/", secure=True, headers={"host": "town-hall.example"})
    assert (foreign.status_code, dict(foreign.cookies)) == (400, {})
    assert client.get("/.garant/en/login/", secure=True, headers={"host": towns[0].host}).status_code == 200


@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 409])
def test_what_a_view_did_stays_when_it_answers(towns: tuple[Tenant, Tenant], status: int) -> None:
    """A refusal may well leave a row: a failed try is counted."""
    assert ask(adding("omer", status), towns[0].host).status_code == status
    assert (people(towns[0]), entries(towns[0])) == (["omer"], 1)
    assert (people(towns[1]), entries(towns[1])) == ([], 0)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_answer_of_5xx_leaves_neither_row_nor_entry(towns: tuple[Tenant, Tenant], status: int) -> None:
    assert ask(adding("omer", status), towns[0].host).status_code == status
    assert (people(towns[0]), entries(towns[0])) == ([], 0)


def test_a_defect_in_a_view_leaves_neither_row_nor_entry_and_the_next_request_is_whole(towns: tuple[Tenant, Tenant]) -> None:
    def failing(request: HttpRequest) -> HttpResponse:
        adding("omer")(request)
        raise ZeroDivisionError

    assert ask(failing, towns[0].host).status_code == 500
    assert (people(towns[0]), entries(towns[0])) == ([], 0)
    assert ask(adding("omer"), towns[0].host).status_code == 200
    assert (people(towns[0]), entries(towns[0])) == (["omer"], 1)
