"""A suspended organisation: nobody comes in from the same moment, the other one notices nothing, and nothing is lost."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client, override_settings

from garant.access.models import NetworkRule, Session
from garant.access.service import add_rule, resume_tenant, suspend_tenant
from garant.access.service.address_repair import repair_rules
from garant.audit import queries as audit
from garant.audit.service import Kind
from garant.edge.models import Revocation
from garant.edge.policy.addresses import AddressRule, compile_addresses
from garant.edge.queries import rules_by_tenant
from garant.identity.models import Tenant
from garant.identity.queries import facts_of, slug_of
from garant.identity.service import set_suspended, tenant_transaction
from garant.kernel.errors import InputError
from support.visitors import NOW, Browser, Person, person, tenant

pytestmark = [pytest.mark.django_db, pytest.mark.urls("garant.project.urls_decision")]
pages = override_settings(ROOT_URLCONF="support.access_pages")
asked = override_settings(MIDDLEWARE=[], ALLOWED_HOSTS=["127.0.0.1"])
ACTOR = "system:test"


@pytest.fixture
def alice() -> Person:
    return person(tenant("saint-elan", "Ville de Saint-Élan"), "alice", "member", name="Alice Roy")


@pytest.fixture
def bob() -> Person:
    return person(tenant("trois-rapides", "MRC des Trois-Rapides"), "bob", "member", name="Bob Roy")


def come_in(who: Person) -> Browser:
    with pages:
        return Browser(who.tenant).come_in(who)


def decide(sid: str, of: Tenant) -> tuple[int, str]:
    with asked:
        answer = Client().get(
            "/decide", headers={"host": "127.0.0.1", "x-edge-sid": sid, "x-edge-ip": "192.0.2.10", "x-edge-host": of.host}
        )
    return answer.status_code, answer.get("X-Reason", "")


def turn(verb: Any, of: Tenant, reason: str = "invoice of May unpaid") -> Any:
    """Suspend or resume, as the command does."""
    with tenant_transaction(of.id, scope="operator"):
        return verb(reason=reason, actor=ACTOR, at=NOW())


def public(slug: str, address: str) -> str:
    """What the edge is told about the public routes of this organisation."""
    with tenant_transaction(None, scope="operator"):
        return compile_addresses(rules_by_tenant()).verdict(address, slug, "public")


def test_a_live_cookie_is_refused_from_the_next_question_and_the_other_tenant_notices_nothing(alice: Person, bob: Person) -> None:
    sid, other = come_in(alice).cookie, come_in(bob).cookie
    assert decide(sid, alice.tenant) == (200, "")
    assert turn(suspend_tenant, alice.tenant) is True
    assert decide(sid, alice.tenant)[0] in (401, 403)
    assert decide(sid, alice.tenant)[1] == "suspended"
    assert decide(other, bob.tenant) == (200, "")
    with tenant_transaction(alice.tenant.id):
        assert Session.objects.filter(tenant=alice.tenant).count() == 0
        assert Revocation.objects.filter(kind="t", key="saint-elan").exists()
    with tenant_transaction(bob.tenant.id):
        assert Session.objects.filter(tenant=bob.tenant, user_id=bob.id).count() == 1
        assert not Revocation.objects.filter(kind="t", key="trois-rapides").exists()


def test_nobody_signs_in_and_the_page_says_why(alice: Person) -> None:
    turn(suspend_tenant, alice.tenant)
    with pages:
        for path in ("/.garant/en/login/", "/.garant/en/factors/", "/projets/"):
            answer = Browser(alice.tenant).get(path)
            assert (path, answer.status_code, answer["X-Reason"]) == (path, 403, "suspended")
            assert "service is suspended" in answer.content.decode()


def test_a_login_that_was_half_done_cannot_be_ended(alice: Person) -> None:
    browser = Browser(alice.tenant)
    with pages:
        assert browser.type_password("alice").status_code == 302
        turn(suspend_tenant, alice.tenant)
        assert browser.get("/.garant/en/login/enrol/").status_code == 403
    turn(resume_tenant, alice.tenant)
    with pages:
        assert browser.get("/.garant/en/login/enrol/")["Location"].startswith("/.garant/en/login/")


def test_public_routes_close_at_the_edge_and_open_again_with_the_rules_that_were(alice: Person, bob: Person) -> None:
    with tenant_transaction(alice.tenant.id):
        add_rule(network="198.51.100.0/24", verdict="deny", classes=("public",), at=NOW(), actor=ACTOR, confirm=True)
    assert (public("saint-elan", "192.0.2.10"), public("saint-elan", "198.51.100.7")) == ("allow", "deny")
    turn(suspend_tenant, alice.tenant)
    for address in ("192.0.2.10", "2001:db8::1", "127.0.0.1"):
        assert (public("saint-elan", address), public("trois-rapides", address)) == ("deny", "allow")
    with tenant_transaction(alice.tenant.id):
        assert NetworkRule.objects.filter(tenant=alice.tenant).count() == 1
        facts = facts_of(alice.tenant.id)
    assert repair_rules(facts, NOW()) == [], "a suspended organisation is no drift"
    turn(resume_tenant, alice.tenant)
    assert (public("saint-elan", "192.0.2.10"), public("saint-elan", "198.51.100.7")) == ("allow", "deny")


def test_after_it_is_resumed_people_sign_in_afresh(alice: Person) -> None:
    browser = come_in(alice)
    turn(suspend_tenant, alice.tenant)
    assert turn(resume_tenant, alice.tenant, "paid") is True
    assert decide(browser.cookie, alice.tenant) == (401, "no_session")
    with pages:
        assert Browser(alice.tenant).type_password("alice")["Location"].startswith("/.garant/en/login/code/")


def test_both_acts_are_entries_with_their_reason_and_twice_changes_nothing(alice: Person) -> None:
    assert [turn(suspend_tenant, alice.tenant), turn(suspend_tenant, alice.tenant)] == [True, False]
    assert [turn(resume_tenant, alice.tenant, "paid"), turn(resume_tenant, alice.tenant, "paid")] == [True, False]
    with tenant_transaction(alice.tenant.id):
        found = audit.entries(tenant=alice.tenant.id, kinds=[Kind.TENANT_SUSPENDED, Kind.TENANT_RESUMED])
    assert {(entry.kind, entry.payload["reason"]) for entry in found} == {
        ("staff:tenant:suspended", "invoice of May unpaid"),
        ("staff:tenant:resumed", "paid"),
    }
    assert len(found) == 2


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_without_a_reason_nothing_is_suspended(alice: Person, reason: str) -> None:
    with pytest.raises(InputError, match="a reason is needed"):
        turn(suspend_tenant, alice.tenant, reason)
    with tenant_transaction(alice.tenant.id):
        assert facts_of(alice.tenant.id).suspended is False


def test_the_operator_cannot_shut_itself_out() -> None:
    operator = tenant("operator", "Logiciels Amélanche", operator=True)
    with pytest.raises(InputError, match="operator's own"):
        turn(suspend_tenant, operator)


def test_an_organisation_can_neither_suspend_another_nor_resume_itself(alice: Person, bob: Person) -> None:
    """Row security: without the operator's scope the row is nobody's to write."""
    turn(suspend_tenant, alice.tenant)
    with tenant_transaction(alice.tenant.id):
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            set_suspended(suspended=False, reason="please", at=NOW(), actor=str(alice.id))
        assert facts_of(alice.tenant.id).suspended is True
        with pytest.raises(Tenant.DoesNotExist):
            slug_of(bob.tenant.id)
    with tenant_transaction(bob.tenant.id):
        assert facts_of(bob.tenant.id).suspended is False


def test_rules_of_the_edge_are_what_this_test_reads() -> None:
    """The reading above does see a rule that is there."""
    maps = compile_addresses({"saint-elan": [AddressRule("deny", "0.0.0.0/0", ("public",))]})
    assert (maps.verdict("192.0.2.10", "saint-elan", "public"), maps.verdict("2001:db8::1", "saint-elan", "public")) == ("deny", "allow")
