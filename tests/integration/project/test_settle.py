"""`garant settle`: what `up` does before the first visit, done once however often it is run."""

from pathlib import Path

import pytest
from django.conf import settings

from garant.access.queries import people
from garant.identity.models import Tenant
from garant.identity.queries import tenant_of_host, tenants
from garant.identity.service import tenant_transaction
from garant.kernel.errors import ConfigurationError
from garant.project.cli import settle
from garant.statement import queries
from garant.vault import service as vault
from support.visitors import NOW, person, tenant

BASE = "garant.localhost"


@pytest.mark.django_db
def test_the_operators_organisation_is_made_once_and_nobody_is_in_it() -> None:
    vault.make_root()
    tenant("saint-elan", "Ville de Saint-Élan")
    for _ in range(2):
        settle.operator(name="Logiciels Amélanche", base=BASE, at=NOW())
    with tenant_transaction(None, scope="operator"):
        assert [(each.slug, each.operator) for each in tenants()] == [("operator", True), ("saint-elan", False)]
    found = tenant_of_host(BASE)
    assert found is not None
    assert (found.name, found.operator) == ("Logiciels Amélanche", True)
    with tenant_transaction(found.id):
        assert people() == []
    assert "garant tenant admin operator --admin NAME" in settings.RUNTIME.troubles()["people"], "the way in is told"
    with tenant_transaction(None, scope="operator"):
        house = Tenant.objects.get(pk=found.id)
    person(house, "maude", "admin", "member")
    settle.operator(name="Logiciels Amélanche", base=BASE, at=NOW())
    assert "people" not in settings.RUNTIME.troubles()


@pytest.mark.django_db(transaction=True)
def test_without_the_demonstration_no_account_exists_and_no_password_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    accounts = Path(settings.DATA) / "demo-accounts.txt"
    before = accounts.read_text(encoding="utf-8")
    settle.people(demonstration=False)
    settle.people(demonstration=False)
    with tenant_transaction(None, scope="operator"):
        assert [each.slug for each in tenants()] == ["operator"]
        assert people_of("operator") == 0
    assert accounts.read_text(encoding="utf-8") == before
    assert "password" not in capsys.readouterr().out


def people_of(slug: str) -> int:
    """How many people row security shows for this organisation, in the operator's scope."""
    found = next(each for each in tenants() if each.slug == slug)
    return len([one for one in settle.queries.people() if one.tenant_id == found.id])


def test_statements_are_put_in_force_once_and_the_second_time_says_so(as_worker: str, capsys: pytest.CaptureFixture[str]) -> None:
    settle.statements()
    first = capsys.readouterr().err.splitlines()
    settle.statements()
    again = capsys.readouterr().err.splitlines()
    assert first[0] == "Register of places, version 1 (new)."
    assert len(first) == 1 + len(settings.GARANT.statements)
    assert first[1] == f"Statement {settings.GARANT.statements[0]}, version 1 (new)."
    assert again == [line.replace(" (new)", "") for line in first]
    assert {each.slug for each in queries.documents()} == set(settings.GARANT.statements)


def test_a_statement_that_does_not_exist_is_named_with_those_that_do(as_worker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Made:
        path = None
        statements = ("asso",)

    monkeypatch.setattr(settings, "GARANT", Made())
    with pytest.raises(ConfigurationError, match="there is no statement 'asso'; write one of aso"):
        settle.statements()
