"""What people change about their own account, and that it asks for the password again."""

import pytest

from garant.access import queries
from garant.access.models import Session
from garant.access.policy import totp
from garant.access.service import FactorRule, change_settings
from garant.access.sessions import digest_of
from garant.identity.service import tenant_transaction
from support.visitors import NOW, PASSWORD, Browser, Person, person, secret_in, tenant

pytestmark = [pytest.mark.django_db, pytest.mark.urls("support.access_pages")]
HERE = "/.garant/en/factors/"


@pytest.fixture
def alice() -> Person:
    return person(tenant("saint-elan", "Ville de Saint-Élan"), "alice", "member")


def recommend(of: Person) -> None:
    with tenant_transaction(of.tenant.id):
        change_settings(factor_rule=FactorRule.RECOMMENDED, actor="system:test", at=NOW())


def prove(browser: Browser, target: str) -> None:
    """Type the password again, on the way to `target`."""
    page = browser.get(target)
    assert page.status_code == 302
    assert page["Location"].startswith("/.garant/en/reauthenticate/?next=")
    before = browser.cookie
    answer = browser.post(page["Location"], password=PASSWORD, next=target)
    assert (answer.status_code, answer["Location"]) == (302, target)
    assert browser.cookie != before, "a new identifier at each change of privilege"


def test_where_a_factor_is_recommended_people_are_urged_and_may_do_it_later(alice: Person) -> None:
    """ASO-18."""
    recommend(alice)
    browser = Browser(alice.tenant)
    assert browser.type_password("alice")["Location"] == "/.garant/en/login/enrol/"
    page = browser.get("/.garant/en/login/enrol/")
    assert b"recommends" in page.content
    assert browser.post("/.garant/en/login/enrol/", page, later="1")["Location"] == "/"
    prove(browser, f"{HERE}enrol/")
    secret = secret_in(browser.get(f"{HERE}enrol/"))
    answer = browser.post(f"{HERE}enrol/", code=totp.code(secret, totp.step_of(NOW())))
    assert answer["Location"] == f"{HERE}codes/"
    assert len(browser.get(f"{HERE}codes/").context["codes"]) == 10
    with tenant_transaction(alice.tenant.id):
        assert queries.factor(alice.id) is not None
        assert Session.objects.get(key=digest_of(browser.cookie)).factor == "totp"


def test_where_a_factor_is_required_nobody_skips_it(alice: Person) -> None:
    browser = Browser(alice.tenant)
    browser.type_password("alice")
    page = browser.get("/.garant/en/login/enrol/")
    assert b"requires" in page.content
    assert browser.post("/.garant/en/login/enrol/", page, later="1").status_code in (200, 400)
    assert browser.get(HERE).status_code == 302
    assert browser.get("/projets/").status_code == 302


def test_a_factor_is_removed_only_where_that_is_allowed_and_with_the_password(alice: Person) -> None:
    browser = Browser(alice.tenant).come_in(alice)
    account = browser.get(HERE)
    assert browser.post(f"{HERE}remove/", account)["Location"].startswith("/.garant/en/reauthenticate/")
    prove(browser, f"{HERE}enrol/")
    assert browser.post(f"{HERE}remove/", browser.get(HERE)).status_code == 404, "required"
    recommend(alice)
    assert browser.post(f"{HERE}remove/", browser.get(HERE)).status_code == 302
    with tenant_transaction(alice.tenant.id):
        assert queries.factor(alice.id) is None
        assert {row.factor for row in Session.objects.filter(user_id=alice.id)} == {""}


def test_new_recovery_codes_kill_the_former_ones(alice: Person) -> None:
    browser = Browser(alice.tenant).come_in(alice)
    former = browser.get(f"{HERE}codes/").context["codes"]
    assert browser.post(f"{HERE}codes/", browser.get(HERE))["Location"].startswith("/.garant/en/reauthenticate/")
    prove(browser, f"{HERE}enrol/")
    assert browser.post(f"{HERE}codes/", browser.get(HERE))["Location"] == f"{HERE}codes/"
    codes = browser.get(f"{HERE}codes/").context["codes"]
    assert not set(codes) & set(former)
    thief = Browser(alice.tenant)
    thief.type_password("alice")
    assert thief.post("/.garant/en/login/code/", code=former[0]).status_code == 400
    assert thief.post("/.garant/en/login/code/", code=codes[0]).status_code == 302


def test_nobody_ends_the_session_of_somebody_else(alice: Person) -> None:
    mallory = person(alice.tenant, "mallory", "member")
    mine, theirs = Browser(alice.tenant).come_in(alice), Browser(alice.tenant).come_in(mallory)
    with tenant_transaction(alice.tenant.id):
        handle = Session.objects.get(key=digest_of(mine.cookie)).handle
    assert theirs.post(f"/.garant/en/sessions/{handle}/end/", theirs.get(HERE)).status_code == 302
    assert mine.get(HERE).status_code == 200


@pytest.mark.parametrize("path", ["", "enrol/", "codes/", "../password/", "../reauthenticate/"])
def test_no_page_of_the_account_answers_without_a_session(alice: Person, path: str) -> None:
    address = f"{HERE}{path}".replace("factors/../", "")
    answer = Browser(alice.tenant).get(address)
    assert answer.status_code == 302
    assert "/login/" in answer["Location"]


def test_pages_are_in_french_where_the_path_says_so(alice: Person) -> None:
    answer = Browser(alice.tenant).get("/.garant/fr/login/")
    assert b'<html lang="fr-CA">' in answer.content
    assert "Se connecter" in answer.content.decode()
