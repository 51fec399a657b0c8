"""Coming in through the pages, with a real database."""

import re

import pytest
from django.test import Client

from garant.access.models import Session
from garant.access.service import reset_factors
from garant.access.sessions import digest_of
from garant.audit import queries as audit
from garant.identity.service import tenant_transaction
from support.visitors import NOW, PASSWORD, Browser, Person, csrf_of, person, tenant

pytestmark = [pytest.mark.django_db, pytest.mark.urls("support.access_pages")]


@pytest.fixture
def alice() -> Person:
    return person(tenant("saint-elan", "Ville de Saint-Élan"), "alice", "member", name="Alice Roy")


@pytest.fixture
def bob() -> Person:
    return person(tenant("trois-rapides", "MRC des Trois-Rapides"), "bob", "member", name="Bob Roy")


def test_a_new_person_types_a_password_enrols_sees_recovery_codes_once_and_is_in(alice: Person) -> None:
    browser = Browser(alice.tenant)
    first = browser.get("/.garant/en/login/")
    assert first.status_code == 200
    anonymous = browser.cookie
    answer = browser.post("/.garant/en/login/", first, login="Alice", password=PASSWORD, next="/projets/?page=2")
    assert answer.status_code == 302
    assert answer["Location"] == "/.garant/en/login/enrol/"
    halfway = browser.cookie
    assert halfway not in ("", anonymous)
    assert browser.get("/.garant/en/factors/").status_code == 302, "the login is not complete"
    answer = browser.enrol()
    assert answer["Location"] == "/.garant/en/factors/codes/"
    assert browser.cookie not in ("", anonymous, halfway)
    codes = browser.get("/.garant/en/factors/codes/").content.decode()
    assert len(re.findall(r"<li>\d{8}</li>", codes)) == 10
    assert 'href="/projets/?page=2"' in codes
    assert "<li>" not in browser.get("/.garant/en/factors/codes/").content.decode().split("</header>")[1], "shown once"
    account = browser.get("/.garant/en/factors/")
    assert account.status_code == 200
    assert b"(this one)" in account.content
    with tenant_transaction(alice.tenant.id):
        kinds = [entry.kind for entry in audit.entries(tenant=alice.tenant.id)]
        row = Session.objects.get(user_id=alice.id)
    assert {"user:session:opened", "user:factor:added", "user:recovery_codes:made"} <= set(kinds)
    assert row.key == digest_of(browser.cookie)
    assert row.factor == "totp"
    assert str(row.address) == "192.0.2.10"


def test_the_only_cookie_is_opaque_host_bound_and_changes_at_each_step(alice: Person) -> None:
    """INT-34..37: canary credentials appear in no cookie."""
    browser = Browser(alice.tenant)
    answers = [browser.get("/.garant/en/login/"), browser.type_password("alice"), browser.enrol()]
    seen = set()
    for answer in answers:
        assert set(answer.cookies) <= {"__Host-sid"}
        morsel = answer.cookies["__Host-sid"]
        assert morsel["secure"]
        assert morsel["httponly"]
        assert morsel["path"] == "/"
        assert not morsel["domain"]
        assert morsel["samesite"] == "Lax"
        assert not morsel["max-age"], "it dies with the browser"
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", morsel.value)
        seen.add(morsel.value)
    assert len(seen) == 3


def test_the_second_login_asks_for_the_code_and_a_used_code_is_refused(alice: Person) -> None:
    first = Browser(alice.tenant).come_in(alice)
    second = Browser(alice.tenant)
    second.secret = first.secret
    assert second.type_password("alice")["Location"] == "/.garant/en/login/code/"
    replay = second.type_code(0)
    assert replay.status_code == 400
    assert b"<title>Error:" in replay.content
    answer = second.type_code(1)
    assert answer.status_code == 302
    assert answer["Location"] == "/"
    assert second.get("/.garant/en/factors/").status_code == 200


def test_an_application_path_without_a_session_leads_to_the_login_page_and_back(alice: Person) -> None:
    browser = Browser(alice.tenant)
    answer = browser.get("/projets/?page=2")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/.garant/en/login/?next=%2Fprojets%2F%3Fpage%3D2")
    refused = browser.client.post("/projets/", {"a": "b"}, secure=True, headers={"host": browser.host})
    assert refused.status_code == 401


def test_a_person_without_a_role_gets_a_reason_and_never_a_redirect_loop(alice: Person) -> None:
    carol = person(alice.tenant, "carol")
    browser = Browser(alice.tenant).come_in(carol)
    answer = browser.get("/projets/")
    assert answer.status_code == 403
    assert answer["X-Reason"] == "no_role"
    assert b"no role" in answer.content


def test_a_granted_person_sent_here_by_the_edge_lacks_the_role_of_the_route(alice: Person) -> None:
    browser = Browser(alice.tenant).come_in(alice)
    answer = browser.get("/rapports/")
    assert (answer.status_code, answer["X-Reason"]) == (403, "role_missing")


def test_logout_needs_a_post_and_ends_the_session_for_good(alice: Person) -> None:
    browser = Browser(alice.tenant).come_in(alice)
    stolen = browser.cookie
    assert browser.get("/.garant/en/logout/").status_code == 200
    assert browser.get("/.garant/en/factors/").status_code == 200, "a GET ended nothing"
    assert browser.post("/.garant/en/logout/").status_code == 302
    thief = Browser(alice.tenant)
    thief.bring(stolen)
    assert thief.get("/.garant/en/factors/").status_code == 302


def test_a_cookie_of_one_tenant_is_nothing_on_the_host_of_another(alice: Person, bob: Person) -> None:
    """Cross-tenant replay, both ways."""
    browsers = {who.login: Browser(who.tenant).come_in(who) for who in (alice, bob)}
    for victim, host in ((alice, bob.tenant), (bob, alice.tenant)):
        thief = Browser(host)
        thief.bring(browsers[victim.login].cookie)
        assert thief.get("/.garant/en/factors/").status_code == 302
        assert browsers[victim.login].get("/.garant/en/factors/").status_code == 200


def test_the_same_login_name_in_two_tenants_is_two_persons_with_two_passwords(alice: Person, bob: Person) -> None:
    """EHQ-27, INT-33."""
    person(bob.tenant, "alice", "member", password="une autre phrase assez longue")
    assert Browser(bob.tenant).type_password("alice", PASSWORD).status_code == 400
    assert Browser(bob.tenant).type_password("alice", "une autre phrase assez longue").status_code == 302
    assert Browser(alice.tenant).type_password("ALICE", PASSWORD).status_code == 302


def test_a_form_without_its_token_is_refused(alice: Person) -> None:
    client = Client(enforce_csrf_checks=True, headers={"x-edge-ip": "192.0.2.10"})
    answer = client.post("/.garant/en/login/", {"login": "alice", "password": PASSWORD}, secure=True, headers={"host": alice.tenant.host})
    assert answer.status_code == 403


def test_next_never_leads_to_another_host(alice: Person) -> None:
    for target in (
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        f"https://trois-rapides.{alice.tenant.host}/",
        "javascript:alert(1)",
    ):
        browser = Browser(alice.tenant)
        page = browser.get("/.garant/en/login/")
        assert b'name="next"' not in browser.get(f"/.garant/en/login/?next={target}").content
        browser.post("/.garant/en/login/", page, login="alice", password=PASSWORD, next=target)
        browser.enrol()
        assert b"evil" not in browser.get("/.garant/en/factors/codes/").content
        assert b"javascript" not in browser.get("/.garant/en/factors/codes/").content
        with tenant_transaction(alice.tenant.id):
            reset_factors(user=alice.id, actor="system:test", at=NOW())


def test_the_stage_of_the_code_is_not_reached_without_the_password(alice: Person) -> None:
    browser = Browser(alice.tenant)
    for path in ("/.garant/en/login/code/", "/.garant/en/login/enrol/"):
        assert browser.get(path)["Location"] == "/.garant/en/login/"


def test_my_account_ends_one_of_my_sessions(alice: Person) -> None:
    desk = Browser(alice.tenant).come_in(alice)
    phone = Browser(alice.tenant)
    phone.secret = desk.secret
    phone.type_password("alice")
    assert phone.type_code(1).status_code == 302
    page = desk.get("/.garant/en/factors/")
    with tenant_transaction(alice.tenant.id):
        handle = Session.objects.get(key=digest_of(phone.cookie)).handle
    assert desk.post(f"/.garant/en/sessions/{handle}/end/", page).status_code == 302
    assert phone.get("/.garant/en/factors/").status_code == 302
    assert desk.get("/.garant/en/factors/").status_code == 200
    assert csrf_of(desk.get("/.garant/en/factors/"))
