"""The decision process: what the edge asks, what it is told, and what a revocation under way does to it."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client, override_settings

from garant.access import fence
from garant.access.models import Session
from garant.access.service import FactorRule, change_roles, change_settings, deactivate_user, end_session
from garant.access.sessions import digest_of
from garant.edge import service as edge
from garant.edge.models import Revocation
from garant.identity.models import Tenant
from garant.identity.service import tenant_transaction
from garant.kernel.clock import SystemClock
from garant.sdk.assertion import verify_assertion
from garant.sdk.keys import KeySet
from support.visitors import NOW, Browser, Person, person, tenant

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("garant.project.urls_decision"),
]
pages = override_settings(ROOT_URLCONF="support.access_pages")
asked = override_settings(MIDDLEWARE=[], ALLOWED_HOSTS=["127.0.0.1"])


@pytest.fixture
def alice() -> Person:
    return person(tenant("saint-elan", "Ville de Saint-Élan"), "alice", "member", "auditor", name="Alice Roy")


@pytest.fixture
def bob() -> Person:
    return person(tenant("trois-rapides", "MRC des Trois-Rapides"), "bob", "member", name="Bob Roy")


def come_in(who: Person) -> Browser:
    with pages:
        return Browser(who.tenant).come_in(who)


def decide(sid: str, of: Tenant | str, address: str = "192.0.2.10") -> Any:
    host = of if isinstance(of, str) else of.host
    headers = {"host": "127.0.0.1", "x-edge-sid": sid, "x-edge-ip": address, "x-edge-host": host}
    with asked:
        return Client().get("/decide", headers=headers)


def test_a_standing_session_is_answered_in_the_form_that_the_edge_keeps(alice: Person) -> None:
    sid = come_in(alice).cookie
    before = SystemClock().now()
    answer = decide(sid, alice.tenant)
    assert answer.status_code == 200
    exp, iat_ms, slug, user, roles, token = answer["X-Decision"].split("|")
    assert (slug, user, roles) == ("saint-elan", str(alice.id), "auditor,member")
    assert len(exp) == 10
    assert 0 <= int(iat_ms) / 1000 - before.timestamp() < 30
    assert int(exp) - int(iat_ms) // 1000 <= 60
    keys = KeySet.from_file(Path(settings.DATA) / "assertion" / "public.json")
    identity = verify_assertion(token, keys=keys, audience=f"saint-elan/{settings.GARANT.application.name}", now=SystemClock().now())
    assert (identity.user, identity.tenant, identity.roles, identity.name) == (alice.id, "saint-elan", {"auditor", "member"}, "Alice Roy")


@pytest.mark.parametrize("sid", ["", "x", "a" * 43, "a" * 42 + "|", "é" * 43])
def test_an_unknown_or_malformed_identifier_is_401(alice: Person, sid: str) -> None:
    answer = decide(sid.encode().decode("latin-1"), alice.tenant)
    assert (answer.status_code, answer["X-Reason"]) == (401, "no_session")
    assert "X-Decision" not in answer


def test_a_half_finished_login_decides_nothing(alice: Person) -> None:
    browser = Browser(alice.tenant)
    with pages:
        browser.type_password("alice")
    assert decide(browser.cookie, alice.tenant).status_code == 401


def test_the_cookie_of_one_tenant_is_refused_on_the_host_of_the_other(alice: Person, bob: Person) -> None:
    for who, other in ((alice, bob), (bob, alice)):
        sid = come_in(who).cookie
        assert decide(sid, who.tenant).status_code == 200
        assert decide(sid, other.tenant).status_code == 401
    assert decide(sid, "nobody.garant.localhost").status_code == 401


def test_a_stolen_cookie_from_another_network_is_401_and_the_owner_stays_in(alice: Person) -> None:
    sid = come_in(alice).cookie
    answer = decide(sid, alice.tenant, "203.0.113.5")
    assert (answer.status_code, answer["X-Reason"]) == (401, "moved")
    assert decide(sid, alice.tenant).status_code == 200


def test_an_answer_without_the_edge_s_headers_is_neither_yes_nor_no() -> None:
    """The edge then counts the service as down, and fails closed."""
    with asked:
        assert Client().get("/decide", headers={"host": "127.0.0.1"}).status_code == 400
        assert Client().get("/healthz", headers={"host": "127.0.0.1"}).status_code == 200
        assert Client().post("/decide", headers={"host": "127.0.0.1"}).status_code == 405


def test_what_a_change_makes_unlawful_is_refused_at_the_next_question(alice: Person, bob: Person) -> None:
    """Traps 7, 8, 21: each act also tells the edge, in its own transaction."""
    admin = person(alice.tenant, "root", "admin")
    for who in (alice, bob):
        come_in(who)
    sid = come_in(admin).cookie
    with tenant_transaction(alice.tenant.id):
        handle = Session.objects.get(user_id=alice.id).handle
        end_session(session=handle, actor=str(admin.id), at=NOW())
        assert not Session.objects.filter(user_id=alice.id).exists()
        change_roles(user=alice.id, roles=(), actor=str(admin.id), at=NOW())
    sid_of_alice = _second_session(alice)
    assert (decide(sid_of_alice, alice.tenant).status_code, decide(sid_of_alice, alice.tenant)["X-Reason"]) == (403, "no_role")
    with tenant_transaction(alice.tenant.id):
        deactivate_user(user=alice.id, actor=str(admin.id), at=NOW())
    assert decide(sid_of_alice, alice.tenant).status_code == 401
    assert decide(sid, alice.tenant).status_code == 200


def _second_session(who: Person) -> str:
    """A session row written directly: the person's code of this half minute is used up."""
    sid = "s" * 43
    with tenant_transaction(who.tenant.id):
        Session.objects.create(
            key=digest_of(sid),
            tenant_id=who.tenant.id,
            user_id=who.id,
            created_at=NOW(),
            last_seen_at=NOW(),
            expires_at=NOW() + timedelta(minutes=5),
            absolute_expires_at=NOW() + timedelta(minutes=5),
            address="192.0.2.10",
            factor="totp",
            data=b"",
        )
    return sid


def test_when_the_factor_becomes_required_sessions_without_one_end(alice: Person) -> None:
    """Trap 8: the library's rule acts at login only."""
    with tenant_transaction(alice.tenant.id):
        change_settings(factor_rule=FactorRule.RECOMMENDED, actor="system:test", at=NOW())
    browser = Browser(alice.tenant)
    with pages:
        browser.type_password("alice")
        assert browser.post("/.garant/en/login/enrol/", later="1").status_code == 302
    assert decide(browser.cookie, alice.tenant).status_code == 200
    with tenant_transaction(alice.tenant.id):
        change_settings(factor_rule=FactorRule.REQUIRED, actor="system:test", at=NOW())
        assert Session.objects.filter(user_id=alice.id).count() == 0
    assert decide(browser.cookie, alice.tenant).status_code == 401
    with pages:
        answer = browser.get("/projets/")
        assert answer.status_code == 302
        assert answer["Location"].startswith("/.garant/en/login/")
        assert browser.type_password("alice")["Location"] == "/.garant/en/login/enrol/"


@pytest.mark.django_db(transaction=True)
def test_a_decision_waits_for_a_revocation_that_is_being_committed(alice: Person, transactional_db: None) -> None:
    """Without the fence the edge would believe, for a minute, an answer that read the rows from before the revocation."""
    sid = come_in(alice).cookie
    holding, answers = threading.Event(), []

    def ask() -> None:
        assert holding.wait(10)
        answers.append(decide(sid, alice.tenant))
        connections.close_all()

    asking = threading.Thread(target=ask)
    asking.start()
    with tenant_transaction(alice.tenant.id):
        fence.hold(alice.tenant.id)
        Session.objects.filter(key=digest_of(sid)).delete()
        holding.set()
        asking.join(0.7)
        assert asking.is_alive(), "the decision did not wait"
        assert answers == []
    asking.join(10)
    assert answers[0].status_code == 401


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["t", "u"])
def test_a_revocation_from_elsewhere_takes_the_fence_by_itself(alice: Person, bob: Person, kind: str, transactional_db: None) -> None:
    """Whoever suspends a tenant or revokes a person from another area need not know of the fence; other tenants do not wait."""
    sid, other = come_in(alice).cookie, come_in(bob).cookie
    revoked, answers = threading.Event(), []

    def ask() -> None:
        assert revoked.wait(10)
        answers.append(decide(other, bob.tenant).status_code)
        answers.append(decide(sid, alice.tenant).status_code)
        connections.close_all()

    asking = threading.Thread(target=ask)
    asking.start()
    with tenant_transaction(alice.tenant.id):
        Session.objects.filter(key=digest_of(sid)).delete()
        key = alice.tenant.slug if kind == "t" else str(alice.id)
        edge.revoke(kind=kind, key=key, tenant=alice.tenant.id, at=NOW(), actor="system:test")  # type: ignore[arg-type]
        revoked.set()
        asking.join(1.0)
        assert asking.is_alive(), "the decision did not wait"
        assert answers in ([], [200])
    asking.join(10)
    assert answers == [200, 401]


def test_edge_is_told_of_each_revocation(alice: Person) -> None:
    come_in(alice)
    with tenant_transaction(alice.tenant.id):
        handle = Session.objects.get(user_id=alice.id)
        key = handle.key.upper()
        end_session(session=handle.handle, actor="system:test", at=NOW())
        assert Revocation.objects.filter(kind="s", key=key, tenant_id=alice.tenant.id).count() == 1
