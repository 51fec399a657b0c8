"""The person made for probing: another login name at each waking, nothing left behind, never somebody else (ADR 0012)."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

import pytest

from garant.access.models import Invitation
from garant.access.policy.canary import canary_of
from garant.access.service.canaries import awake
from garant.access.service.people import invited
from garant.identity.queries import TenantFacts, tenants, user
from garant.identity.service import add_user, tenant_transaction
from support.visitors import tenant

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)


@pytest.fixture
def houses() -> list[TenantFacts]:
    for slug, name in (("saint-elan", "Ville de Saint-Élan"), ("trois-rapides", "MRC des Trois-Rapides")):
        tenant(slug, name)
    with tenant_transaction(None, scope="operator"):
        return [each for each in tenants() if each.slug in ("saint-elan", "trois-rapides")]


def test_the_login_name_is_new_at_each_waking_and_the_person_is_the_same(houses: list[TenantFacts]) -> None:
    logins, people = set(), set()
    for house in (*houses, *houses):
        with awake(house, roles=("member",), at=NOW) as canary:
            logins.add(canary.login)
            people.add(canary.user)
            assert canary.user == canary_of(house.id)
            with tenant_transaction(house.id):
                found = user(canary.user)
                assert found is not None
                assert (found.login, found.is_active) == (canary.login, True)
        with tenant_transaction(house.id):
            found = user(canary.user)
            assert found is not None
            assert not found.is_active
    assert (len(logins), len(people)) == (4, 2)


def test_a_person_who_bears_such_a_name_is_left_alone(houses: list[TenantFacts]) -> None:
    ours, _ = houses
    with tenant_transaction(ours.id):
        made = add_user(login="garant-temoin", name="Somebody", at=NOW, actor="system:test", roles=("admin",))
    with awake(ours, roles=(), at=NOW) as canary:
        assert canary.user != made.id
    with tenant_transaction(ours.id):
        found = user(made.id)
        assert found is not None
        assert found.is_active


def test_no_link_to_a_canarys_password_outlives_its_waking(houses: list[TenantFacts]) -> None:
    """However one came there: it would open a door with an administrator's rights."""
    ours, theirs = houses

    def link(house: TenantFacts) -> str:
        made = secrets.token_urlsafe(32)
        with tenant_transaction(house.id):
            Invitation.objects.create(
                key=hashlib.sha256(made.encode()).hexdigest(),
                tenant_id=house.id,
                user_id=canary_of(house.id),
                created_at=NOW,
                expires_at=NOW + timedelta(days=7),
            )
        return made

    def works(house: TenantFacts, token: str) -> bool:
        with tenant_transaction(house.id):
            return invited(token=token, at=NOW) is not None

    with awake(theirs, roles=(), at=NOW), awake(ours, roles=("admin",), at=NOW):
        other, during = link(theirs), link(ours)
        assert works(ours, during)
    asleep = link(ours)
    with awake(ours, roles=("admin",), at=NOW):
        assert not works(ours, during)
        assert not works(ours, asleep)
    with tenant_transaction(ours.id):
        assert not Invitation.objects.filter(user_id=canary_of(ours.id)).exists()
    with awake(theirs, roles=(), at=NOW):
        assert not works(theirs, other)
