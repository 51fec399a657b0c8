"""A login that stopped between its steps, and what happened to the person in the meantime."""

from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from garant.access.models import Session
from garant.access.policy import totp
from garant.access.service import FactorRule, change_settings, deactivate_user, reactivate_user, reset_factors, set_password
from garant.audit import queries as audit
from garant.identity.service import tenant_transaction
from support.visitors import NOW, PASSWORD, Browser, Person, person, secret_in, tenant

pytestmark = [pytest.mark.django_db, pytest.mark.urls("support.access_pages")]
OTHER = "huit lampes sous la pluie"
LOGIN, CODE, ENROL = "/.garant/en/login/", "/.garant/en/login/code/", "/.garant/en/login/enrol/"


@pytest.fixture(autouse=True)
def _no_tries_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def alice() -> Person:
    return person(tenant("saint-elan", "Ville de Saint-Élan"), "alice", "member")


@pytest.fixture
def bob() -> Person:
    """Somebody of another organisation who is between the same two steps."""
    return person(tenant("trois-rapides", "MRC des Trois-Rapides"), "bob", "member")


def stopped_at_enrolment(who: Person) -> Browser:
    browser = Browser(who.tenant)
    assert browser.type_password(who.login)["Location"] == ENROL
    browser.secret = secret_in(browser.get(ENROL))
    return browser


def code(browser: Browser, step: int = 0) -> str:
    return totp.code(browser.secret, totp.step_of(NOW()) + step)


def reasons(of: Person) -> list[str]:
    with tenant_transaction(of.tenant.id):
        return [entry.payload["why"] for entry in audit.entries(tenant=of.tenant.id, kinds=["user:session:refused"])]


def sessions_and_factors(of: Person) -> tuple[int, int]:
    with tenant_transaction(of.tenant.id):
        return Session.objects.filter(user_id=of.id).count(), Authenticator.objects.filter(user_id=of.id).count()


def choose(of: Person, rule: FactorRule) -> None:
    with tenant_transaction(of.tenant.id):
        change_settings(factor_rule=rule, actor="system:test", at=NOW())


def test_a_login_stopped_at_enrolment_does_not_survive_a_change_of_password(alice: Person, bob: Person) -> None:
    """Whoever held the former password would enrol an application of their own, and be in."""
    thief, neighbour = stopped_at_enrolment(alice), stopped_at_enrolment(bob)
    page = thief.get(ENROL)
    with tenant_transaction(alice.tenant.id):
        set_password(user=alice.id, raw=OTHER, actor=str(alice.id), at=NOW())
    answer = thief.post(ENROL, page, code=code(thief))
    assert (answer.status_code, answer["Location"]) == (302, LOGIN)
    assert sessions_and_factors(alice) == (0, 0)
    assert thief.get(ENROL)["Location"] == LOGIN, "nothing of the login stayed"
    assert reasons(alice) == ["changed since"]
    assert neighbour.post(ENROL, code=code(neighbour)).status_code == 302
    assert sessions_and_factors(bob)[0] == 1, "the neighbour's login goes on"


def test_a_login_stopped_at_the_code_does_not_survive_a_change_of_password(alice: Person, bob: Person) -> None:
    first, neighbour = Browser(alice.tenant).come_in(alice), Browser(bob.tenant).come_in(bob)
    thief, other = Browser(alice.tenant), Browser(bob.tenant)
    for browser, who, known in ((thief, alice, first), (other, bob, neighbour)):
        browser.secret = known.secret
        assert browser.type_password(who.login)["Location"] == CODE
    page = thief.get(CODE)
    with tenant_transaction(alice.tenant.id):
        set_password(user=alice.id, raw=OTHER, actor=str(alice.id), at=NOW())
    assert thief.post(CODE, page, code=code(thief, 1))["Location"] == LOGIN
    assert sessions_and_factors(alice)[0] == 0
    assert other.type_code(1)["Location"] == "/"
    again = Browser(alice.tenant)
    again.secret = first.secret
    assert again.type_password("alice", OTHER)["Location"] == CODE
    assert again.type_code(1)["Location"] == "/", "the code was not used up, and the new password opens"


def test_a_login_stopped_at_a_step_does_not_survive_a_deactivation(alice: Person, bob: Person) -> None:
    admin = person(alice.tenant, "root", "admin")
    gone, neighbour = stopped_at_enrolment(alice), stopped_at_enrolment(bob)
    page = gone.get(ENROL)
    with tenant_transaction(alice.tenant.id):
        deactivate_user(user=alice.id, actor=str(admin.id), at=NOW())
    assert gone.post(ENROL, page, code=code(gone))["Location"] == LOGIN
    with tenant_transaction(alice.tenant.id):
        reactivate_user(user=alice.id, actor=str(admin.id), at=NOW())
    assert gone.get(ENROL)["Location"] == LOGIN, "coming back revives nothing"
    assert sessions_and_factors(alice) == (0, 0)
    assert neighbour.get(ENROL).status_code == 200


def test_later_is_not_accepted_once_the_person_enrolled_elsewhere(alice: Person, bob: Person) -> None:
    """Rule `recommended`: a login that waits at the enrolment page would walk around the factor."""
    for who in (alice, bob):
        choose(who, FactorRule.RECOMMENDED)
    parked, neighbour = stopped_at_enrolment(alice), stopped_at_enrolment(bob)
    page = parked.get(ENROL)
    Browser(alice.tenant).come_in(alice)
    assert parked.post(ENROL, page, later="1")["Location"] == LOGIN
    with tenant_transaction(alice.tenant.id):
        assert {row.factor for row in Session.objects.filter(user_id=alice.id)} == {"totp"}
    assert parked.type_password("alice")["Location"] == CODE
    assert neighbour.post(ENROL, later="1")["Location"] == "/", "who has none may still go on"


def test_a_second_application_is_not_enrolled_from_a_parked_login(alice: Person) -> None:
    parked = stopped_at_enrolment(alice)
    page = parked.get(ENROL)
    first = Browser(alice.tenant).come_in(alice)
    answer = parked.post(ENROL, page, code=code(parked, 1))
    assert (answer.status_code, answer["Location"]) == (302, LOGIN)
    assert sessions_and_factors(alice) == (1, 2), "the application and the recovery codes of the first, nothing else"
    assert first.get("/.garant/en/factors/").status_code == 200


def test_a_factor_that_was_reset_at_the_code_leads_to_enrolment_by_the_first_page(alice: Person) -> None:
    first = Browser(alice.tenant).come_in(alice)
    parked = Browser(alice.tenant)
    parked.secret = first.secret
    parked.type_password("alice")
    with tenant_transaction(alice.tenant.id):
        reset_factors(user=alice.id, actor="system:test", at=NOW())
    assert parked.type_code(1).status_code == 400, "the former application proves nothing"
    assert parked.type_password("alice", PASSWORD)["Location"] == ENROL


def test_a_wrong_first_code_of_a_new_application_leaves_an_entry(alice: Person, bob: Person) -> None:
    browser = stopped_at_enrolment(alice)
    page = browser.get(ENROL)
    for _ in range(6):
        assert browser.post(ENROL, page, code="000000").status_code == 400
    assert sorted(reasons(alice)) == ["code of a new application"] * 5 + ["too many tries"]
    assert reasons(bob) == []
