"""Tries are counted, and nobody is kept out by somebody else's."""

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections

from garant.access.models import AccessPolicy
from garant.access.policy import totp
from garant.access.service import add_rule
from garant.audit import queries as audit
from garant.identity.service import tenant_transaction
from support.visitors import NOW, Browser, Person, person, tenant

pytestmark = [pytest.mark.django_db, pytest.mark.urls("support.access_pages")]
WRONG = "ce n'est pas cela du tout"
FORM = "/.garant/en/address/"


@pytest.fixture(autouse=True)
def _no_tries_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def alice() -> Person:
    return person(tenant("saint-elan", "Ville de Saint-Élan"), "alice", "member")


@pytest.fixture
def namesake() -> Person:
    return person(tenant("trois-rapides", "MRC des Trois-Rapides"), "alice", "member")


def refusals(of: Person) -> Counter[str]:
    with tenant_transaction(of.tenant.id):
        return Counter(entry.payload["why"] for entry in audit.entries(tenant=of.tenant.id, limit=500, kinds=["user:session:refused"]))


def ask(who: Person, address: str, password: str, code: str = "000000") -> Any:
    browser = Browser(who.tenant, address)
    return browser.post(FORM, login=who.login, password=password, code=code, reason="Power cut", hours="8")


def test_a_stranger_in_another_network_keeps_nobody_out(alice: Person, namesake: Person) -> None:
    for number in range(8):
        Browser(alice.tenant, f"198.51.100.{number}").type_password("alice", WRONG)
    assert refusals(alice) == {"password": 5, "too many tries": 3}
    assert b"Too many tries" in Browser(alice.tenant, "198.51.100.99").type_password("alice").content
    assert Browser(alice.tenant, "192.0.2.10").type_password("alice").status_code == 302, "alice, from where she works"
    assert Browser(namesake.tenant, "198.51.100.99").type_password("alice").status_code == 302


def test_addresses_of_one_ipv6_64_have_one_count(alice: Person) -> None:
    for number in range(5):
        Browser(alice.tenant, f"2001:db8:0:7::{number:x}").type_password("alice", WRONG)
    assert b"Too many tries" in Browser(alice.tenant, "2001:db8:0:7:ffff::1").type_password("alice").content
    assert Browser(alice.tenant, "2001:db8:0:8::1").type_password("alice").status_code == 302


def test_a_refused_stranger_on_the_address_page_does_not_keep_anybody_from_signing_in(alice: Person) -> None:
    """The page of requests answers anybody: what is typed there has counts of its own, whatever the network."""
    with tenant_transaction(alice.tenant.id):
        AccessPolicy.objects.update_or_create(tenant_id=alice.tenant.id, defaults={"address_mode": "approve", "changed_at": NOW()})
        add_rule(network="192.0.2.0/24", verdict="allow", classes=("login", "member"), at=NOW(), actor="system:test")
    assert [ask(alice, f"203.0.113.{number}", WRONG).status_code for number in range(7)] == [400] * 5 + [429] * 2
    for network in range(60):
        ask(alice, f"198.18.{network}.1", WRONG)
    assert ask(alice, "198.19.1.1", WRONG).status_code == 429, "the page's own ceiling"
    assert Browser(alice.tenant, "192.0.2.10").type_password("alice").status_code == 302
    refused = Browser(alice.tenant, "203.0.113.1").get("/.garant/en/login/")
    assert refused.status_code == 403, "and the login itself is not shown to a stranger"


def test_a_person_who_mistyped_at_the_login_may_still_ask_for_their_address(alice: Person) -> None:
    secret = Browser(alice.tenant).come_in(alice).secret
    with tenant_transaction(alice.tenant.id):
        add_rule(network="192.0.2.0/24", verdict="allow", classes=("member",), at=NOW(), actor="system:test")
    for _ in range(5):
        Browser(alice.tenant, "203.0.113.9").type_password("alice", WRONG)
    assert ask(alice, "203.0.113.9", "sept lampes sous la neige", totp.code(secret, totp.step_of(NOW()) + 1)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_sixty_bad_logins_from_sixty_networks_are_fifty_attempts(alice: Person, namesake: Person) -> None:
    """Many networks do not multiply a guesser's tries without end; the count is exact over threads, and crosses no organisation."""

    def attempt(number: int) -> int:
        try:
            return int(Browser(alice.tenant, f"198.51.{number}.7").type_password("alice", WRONG).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(attempt, range(60))) == {400}
    assert refusals(alice) == {"password": 50, "too many tries": 10}
    assert b"Too many tries" in Browser(alice.tenant).type_password("alice").content
    assert Browser(namesake.tenant).type_password("alice").status_code == 302


def test_a_right_password_uses_up_no_try(alice: Person) -> None:
    for number in range(7):
        assert Browser(alice.tenant, f"192.0.2.{number}").type_password("alice").status_code == 302
    assert not re.search("too many", str(refusals(alice)))


def test_typing_hundreds_of_names_does_not_throw_a_count_away(alice: Person) -> None:
    """The cache's own limit is three hundred entries: beyond it a third of them goes, live counts included."""
    for _ in range(5):
        Browser(alice.tenant).type_password("alice", WRONG)
    for number in range(700):
        cache.set(f"zz:{number}", [1.0], 300)
    assert b"Too many tries" in Browser(alice.tenant).type_password("alice").content
