"""What administrators do to people and to the rules of the way in (EHQ-23, EHQ-45)."""

import dataclasses
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from garant.access import queries
from garant.access.models import AccessPolicy, Invitation, Session
from garant.access.service import (
    AddressMode,
    Binding,
    Confirm,
    FactorRule,
    LastAdministrator,
    WeakPassword,
    change_roles,
    change_settings,
    deactivate_user,
    end_session,
    end_sessions_of,
    invite_user,
    reactivate_user,
    reset_factors,
    reset_password,
    set_password,
)
from garant.access.service.people import accept_invitation, invited
from garant.access.service.sessions import purge
from garant.audit import queries as audit
from garant.edge.models import Revocation
from garant.identity.models import Tenant
from garant.identity.service import tenant_transaction
from garant.kernel.errors import InputError
from support.visitors import NOW, PASSWORD, Browser, Person, later, person, tenant

pytestmark = [pytest.mark.django_db, pytest.mark.urls("support.access_pages")]


@pytest.fixture
def town() -> Tenant:
    return tenant("saint-elan", "Ville de Saint-Élan")


@pytest.fixture
def root(town: Tenant) -> Person:
    return person(town, "root", "admin", "member", name="Rose Ouellet")


@pytest.fixture
def alice(town: Tenant) -> Person:
    return person(town, "alice", "member", name="Alice Roy")


@pytest.fixture
def stranger() -> Person:
    return person(tenant("trois-rapides", "MRC des Trois-Rapides"), "bob", "admin")


def kinds(of: Tenant) -> list[str]:
    return [entry.kind for entry in audit.entries(tenant=of.id)]


def test_an_invited_person_chooses_a_password_once_and_comes_in(town: Tenant, root: Person) -> None:
    with tenant_transaction(town.id):
        made = invite_user(
            login="carol", name="Carol Gagné", email="carol@saint-elan.example", roles=["member"], actor=str(root.id), at=NOW()
        )
        assert made.token not in [row.key for row in Invitation.objects.all()]
    browser = Browser(town)
    path = f"/.garant/en/invitation/{made.token}/"
    assert browser.post(path, password="court").status_code == 400
    assert browser.post(path, password=PASSWORD).status_code == 302
    assert browser.get(path).status_code == 410
    assert browser.type_password("carol")["Location"] == "/.garant/en/login/enrol/"


def test_an_invitation_dies_of_age_of_use_and_with_its_person(town: Tenant, root: Person) -> None:
    with tenant_transaction(town.id):
        made = invite_user(login="carol", name="Carol", actor=str(root.id), at=NOW())
        assert invited(token=made.token, at=NOW()) == made.user
        assert invited(token=made.token, at=NOW() + timedelta(days=7, seconds=1)) is None
        deactivate_user(user=made.user, actor=str(root.id), at=NOW())
        assert invited(token=made.token, at=NOW()) is None
        with pytest.raises(InputError, match="too old"):
            accept_invitation(token=made.token, raw=PASSWORD, at=NOW())


def test_an_invitation_of_one_tenant_is_nothing_on_the_host_of_another(town: Tenant, root: Person, stranger: Person) -> None:
    with tenant_transaction(town.id):
        made = invite_user(login="carol", name="Carol", actor=str(root.id), at=NOW())
    assert Browser(stranger.tenant).get(f"/.garant/en/invitation/{made.token}/").status_code == 410


def test_a_reset_password_is_dead_at_once(town: Tenant, root: Person, alice: Person) -> None:
    browser = Browser(town).come_in(alice)
    with tenant_transaction(town.id):
        reset_password(user=alice.id, actor=str(root.id), at=NOW())
    assert browser.get("/.garant/en/factors/").status_code == 302
    assert Browser(town).type_password("alice").status_code == 400


def test_a_reset_factor_ends_sessions_and_the_next_login_enrols_anew(town: Tenant, root: Person, alice: Person) -> None:
    browser = Browser(town).come_in(alice)
    with tenant_transaction(town.id):
        reset_factors(user=alice.id, actor=str(root.id), at=NOW())
        assert queries.factor(alice.id) is None
    assert browser.get("/.garant/en/factors/").status_code == 302
    assert Browser(town).type_password("alice")["Location"] == "/.garant/en/login/enrol/"
    assert "user:factor:removed" in kinds_in(town)


def kinds_in(of: Tenant) -> list[str]:
    with tenant_transaction(of.id):
        return kinds(of)


def test_the_last_administrator_stays(town: Tenant, root: Person, alice: Person) -> None:
    with tenant_transaction(town.id):
        with pytest.raises(LastAdministrator):
            deactivate_user(user=root.id, actor=str(root.id), at=NOW(), confirm=True)
        with pytest.raises(LastAdministrator):
            change_roles(user=root.id, roles=["member"], actor=str(root.id), at=NOW(), confirm=True)
        change_roles(user=alice.id, roles=["admin"], actor=str(root.id), at=NOW())
        with pytest.raises(Confirm):
            change_roles(user=root.id, roles=["member"], actor=str(root.id), at=NOW())
        with pytest.raises(Confirm):
            deactivate_user(user=root.id, actor=str(root.id), at=NOW())
        change_roles(user=root.id, roles=["member"], actor=str(root.id), at=NOW(), confirm=True)
        with pytest.raises(LastAdministrator):
            deactivate_user(user=alice.id, actor=str(root.id), at=NOW())


def test_people_of_another_tenant_are_out_of_reach(town: Tenant, root: Person, stranger: Person) -> None:
    acts = [
        lambda: deactivate_user(user=stranger.id, actor=str(root.id), at=NOW(), confirm=True),
        lambda: reactivate_user(user=stranger.id, actor=str(root.id), at=NOW()),
        lambda: change_roles(user=stranger.id, roles=["member"], actor=str(root.id), at=NOW(), confirm=True),
        lambda: set_password(user=stranger.id, raw=PASSWORD, actor=str(root.id), at=NOW()),
        lambda: reset_password(user=stranger.id, actor=str(root.id), at=NOW()),
        lambda: reset_factors(user=stranger.id, actor=str(root.id), at=NOW()),
    ]
    for act in acts:
        with pytest.raises(InputError), tenant_transaction(town.id):
            act()
    with tenant_transaction(town.id):
        assert {one.login for one in queries.people()} == {"root"}
        assert queries.administrators() == {str(root.id)}


def test_the_operator_s_scope_reads_no_other_tenant_s_people_nor_sessions_here(town: Tenant, alice: Person) -> None:
    operator = tenant("operator", "Logiciels Amélanche", operator=True)
    staff = person(operator, "staff", "admin")
    Browser(town).come_in(alice)
    with tenant_transaction(operator.id, scope="operator"):
        assert {one.id for one in queries.people()} == {staff.id}
        assert queries.live_sessions(now=NOW()) == []
        with pytest.raises(InputError):
            end_session(session=Session.objects.get(user_id=alice.id).handle, actor=str(staff.id), at=NOW())


def test_the_console_sees_people_sessions_and_the_share_that_enrolled(town: Tenant, root: Person, alice: Person) -> None:
    browser = Browser(town, "198.51.100.4").come_in(alice)
    with tenant_transaction(town.id):
        mine = {one.login: one for one in queries.people()}
        assert (mine["alice"].factor, mine["root"].factor) == (True, False)
        assert mine["root"].roles == ("admin", "member")
        assert mine["alice"].last_login is not None
        share = queries.enrolment()
        assert (share.people, share.enrolled) == (2, 1)
        (live,) = queries.live_sessions(now=NOW())
        assert (live.user_id, live.person, live.address, live.factor, live.current) == (
            alice.id,
            "Alice Roy",
            "198.51.100.4",
            "totp",
            False,
        )
        assert queries.live_sessions(now=later(31 * 60)) == []
        assert end_sessions_of(user=alice.id, actor=str(root.id), at=NOW()) == 1
        assert Revocation.objects.filter(kind="u", key=str(alice.id)).exists()
    assert browser.get("/.garant/en/factors/").status_code == 302


def test_each_act_leaves_its_entry(town: Tenant, root: Person, alice: Person) -> None:
    with tenant_transaction(town.id):
        before = len(kinds(town))
        change_roles(user=alice.id, roles=["member"], actor=str(root.id), at=NOW())
        assert len(kinds(town)) == before, "nothing changed, nothing is logged"
        change_roles(user=alice.id, roles=["member", "auditor"], actor=str(root.id), at=NOW())
        change_settings(idle=timedelta(minutes=10), actor=str(root.id), at=NOW())
        deactivate_user(user=alice.id, actor=str(root.id), at=NOW())
        assert {"admin:role:granted", "admin:access_policy:changed", "admin:user:deactivated", "user:session:ended"} <= set(kinds(town))


def test_settings_start_strict_and_hold_their_bounds_in_code_and_in_the_database(town: Tenant, root: Person) -> None:
    """ASO-19: a new tenant starts with the second factor required."""
    with tenant_transaction(town.id):
        start = queries.settings()
        assert start.factor_rule is FactorRule.REQUIRED
        assert (start.idle_minutes, start.absolute_hours, start.address_hours) == (30, 12, 8)
        changed = change_settings(
            factor_rule=FactorRule.RECOMMENDED,
            binding=Binding.ADDRESS,
            address_mode=AddressMode.HOURS,
            address_life=timedelta(hours=4),
            actor=str(root.id),
            at=NOW(),
        )
        assert queries.settings() == changed
        for bad in ({"idle": timedelta(minutes=1)}, {"absolute": timedelta(days=30)}, {"address_life": timedelta(0)}):
            with pytest.raises(InputError):
                change_settings(actor=str(root.id), at=NOW(), **bad)
        with pytest.raises(InputError, match="longer than"):
            change_settings(idle=timedelta(hours=5), absolute=timedelta(hours=1), actor=str(root.id), at=NOW())
        with pytest.raises(IntegrityError), transaction.atomic():
            AccessPolicy.objects.filter(tenant_id=town.id).update(factor_rule="none")
        assert dataclasses.asdict(queries.settings()) == dataclasses.asdict(changed)


def test_settings_of_one_tenant_are_not_those_of_another(town: Tenant, root: Person, stranger: Person) -> None:
    with tenant_transaction(town.id):
        change_settings(factor_rule=FactorRule.OFF, actor=str(root.id), at=NOW())
    with tenant_transaction(stranger.tenant.id):
        assert queries.settings().factor_rule is FactorRule.REQUIRED
        assert AccessPolicy.objects.count() == 0


def test_a_password_needs_twelve_characters_that_are_not_on_every_list(town: Tenant, alice: Person) -> None:
    for weak in ("court", "password1234", "Alice Roy 2026"):
        with pytest.raises(WeakPassword), tenant_transaction(town.id):
            set_password(user=alice.id, raw=weak, actor=str(alice.id), at=NOW())


def test_what_is_over_is_purged(town: Tenant, alice: Person) -> None:
    Browser(town).come_in(alice)
    with tenant_transaction(town.id):
        purge(at=NOW())
        assert Session.objects.filter(user_id=alice.id).count() == 1
        assert purge(at=later(13 * 3600)) >= 1
        assert Session.objects.count() == 0
