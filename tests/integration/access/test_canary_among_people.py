"""The person made for probing is nobody: not an administrator, not in a share, and nothing that a console manages."""

from collections.abc import Iterator

import pytest

from garant.access import queries
from garant.access.policy.canary import LOGIN_PREFIX, canary_of
from garant.access.service import LastAdministrator, change_roles, deactivate_user, invite_user, reactivate_user
from garant.access.service.canaries import awake
from garant.access.service.people import Untouchable
from garant.identity.models import Tenant
from garant.identity.queries import TenantFacts, tenants
from garant.identity.service import tenant_transaction
from garant.kernel.errors import InputError
from support.visitors import NOW, Browser, Person, person, tenant

pytestmark = pytest.mark.django_db
CONSOLE = "/.garant/en/console/"


@pytest.fixture
def town() -> Tenant:
    return tenant("saint-elan", "Ville de Saint-Élan")


@pytest.fixture
def neighbour() -> Person:
    return person(tenant("trois-rapides", "MRC des Trois-Rapides"), "bob", "admin")


@pytest.fixture
def root(town: Tenant) -> Person:
    return person(town, "root", "admin", "member", name="Rose Ouellet")


@pytest.fixture
def awakened(town: Tenant, root: Person, neighbour: Person) -> Iterator[None]:
    """Both tenants' canaries, with every right."""
    with tenant_transaction(None, scope="operator"):
        facts: list[TenantFacts] = [each for each in tenants() if each.id in (town.id, neighbour.tenant.id)]
    with awake(facts[0], roles=("admin", "member"), at=NOW()), awake(facts[1], roles=("admin",), at=NOW()):
        yield


def test_the_last_human_administrator_stays_while_the_canary_is_awake(awakened: None, town: Tenant, root: Person) -> None:
    with tenant_transaction(town.id):
        assert queries.administrators() == {str(root.id)}
        for act in (
            lambda: deactivate_user(user=root.id, actor=str(root.id), at=NOW(), confirm=True),
            lambda: change_roles(user=root.id, roles=["member"], actor=str(root.id), at=NOW(), confirm=True),
        ):
            with pytest.raises(LastAdministrator):
                act()


def test_the_canary_is_not_in_the_share_that_enrolled(awakened: None, town: Tenant, root: Person, neighbour: Person) -> None:
    for of in (town, neighbour.tenant):
        with tenant_transaction(of.id):
            assert (queries.enrolment().people, queries.enrolment().enrolled) == (1, 0)
            assert {one.login: one.canary for one in queries.people() if not one.canary} == {"root" if of == town else "bob": False}
            assert [one.id for one in queries.people() if one.canary] == [canary_of(of.id)]


def test_the_console_says_that_there_is_a_canary_and_manages_it_not(awakened: None, town: Tenant, root: Person) -> None:
    admin, canary = Browser(town).come_in(root), canary_of(town.id)
    page = admin.get(f"{CONSOLE}people/").content.decode()
    assert "one more account of its own" in page
    assert LOGIN_PREFIX not in page
    assert "Rose Ouellet" in page
    for act in ("", "password/", "factor/", "deactivate/"):
        assert admin.get(f"{CONSOLE}people/{canary}/{act}").status_code == 404, act
        assert admin.get(f"{CONSOLE}people/{root.id}/{act}").status_code == 200, act


def test_the_canary_is_given_no_role_and_is_not_woken_by_hand(awakened: None, town: Tenant, root: Person) -> None:
    with tenant_transaction(town.id):
        for act in (
            lambda: change_roles(user=canary_of(town.id), roles=["auditor"], actor=str(root.id), at=NOW()),
            lambda: reactivate_user(user=canary_of(town.id), actor=str(root.id), at=NOW()),
        ):
            with pytest.raises(Untouchable):
                act()


@pytest.mark.parametrize("login", ["garant-temoin", "Garant-Temoin-1a2b", f"{LOGIN_PREFIX}x"])
def test_nobody_is_invited_under_a_canary_s_name(town: Tenant, root: Person, neighbour: Person, login: str) -> None:
    for of, by in ((town, root), (neighbour.tenant, neighbour)):
        with tenant_transaction(of.id), pytest.raises(InputError, match="kept for Garant"):
            invite_user(login=login, name="Somebody", actor=str(by.id), at=NOW())
    with tenant_transaction(town.id):
        assert invite_user(login="garantie", name="Somebody", actor=str(root.id), at=NOW())
