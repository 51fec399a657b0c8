"""Address rules and requests on the real database, under row security, with two organisations (ASO-16, 22, 23, 35, 36; INT-53, 54)."""

import ipaddress
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from garant.access.models import AccessPolicy, AddressRequest, NetworkRule
from garant.access.policy.addresses import Answer, BadNetwork, LockOut, parse_address, verdict
from garant.access.queries.addresses import address_requests, address_rules, rules, self_service
from garant.access.service.addresses import (
    NotPossible,
    add_rule,
    approve_request,
    expire_due,
    publish_rules,
    refuse_request,
    remove_rule,
    request_address,
)
from garant.audit.queries import entries
from garant.edge.models import Policy, Revocation
from garant.edge.policy.addresses import AddressRule, compile_addresses
from garant.identity.service import add_tenant, add_user, tenant_transaction

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
OFFICE = "198.51.100.0/24"
DESK, HOME = "198.51.100.7", "203.0.113.9"
RESERVED = ("login", "member")


@dataclass(frozen=True)
class House:
    """One organisation with its administrator and a member."""

    id: uuid.UUID
    slug: str
    admin: uuid.UUID
    member: uuid.UUID


@pytest.fixture
def houses() -> tuple[House, House]:
    made = []
    for slug, name in (("saint-elan", "Ville de Saint-Élan"), ("trois-rapides", "MRC des Trois-Rapides")):
        with tenant_transaction(None, scope="operator"):
            tenant = add_tenant(slug=slug, name=name, host=f"{slug}.garant.localhost", at=NOW, actor="system:test")
        with tenant_transaction(tenant.id):
            admin = add_user(login="rosalie", name="Rosalie Béchamp", at=NOW, actor="system:test", roles=("admin", "member"))
            member = add_user(login="omer", name="Omer Vadnais", at=NOW, actor="system:test", roles=("member",))
        made.append(House(tenant.id, slug, admin.id, member.id))
    return made[0], made[1]


@contextmanager
def inside(house: House) -> Iterator[None]:
    with tenant_transaction(house.id):
        yield


def confine(house: House) -> uuid.UUID:
    """The office network is the only one allowed."""
    return add_rule(network=OFFICE, verdict="allow", classes=RESERVED, at=NOW, actor=str(house.admin), address=DESK, label="Mairie")


def at_edge(house: House, address: str, kind: str = "member") -> str:
    """What the compiled policy in the edge's table says."""
    document = Policy.objects.get(tenant_id=house.id).document
    maps = compile_addresses({house.slug: [AddressRule(r["kind"], r["network"], tuple(r["classes"])) for r in document["rules"]]})
    return maps.verdict(address, house.slug, kind)


def answer(address: str, kind: str = "member", now: datetime = NOW) -> str:
    return verdict(rules(), parse_address(address), kind, now)


def kinds(house: House) -> list[str]:
    return [entry.kind for entry in reversed(entries(tenant=house.id))]


def choose(mode: str, hours: int = 8) -> None:
    from_here = {"tenant_id": current(), "address_mode": mode, "address_hours": hours, "changed_at": NOW}
    AccessPolicy.objects.update_or_create(tenant_id=current(), defaults=from_here)


def current() -> uuid.UUID:
    with connection.cursor() as cursor:
        cursor.execute("select garant_tenant()")
        found = cursor.fetchone()[0]
    assert isinstance(found, uuid.UUID)
    return found


def test_a_rule_confines_its_organisation_and_no_other(houses: tuple[House, House]) -> None:
    ours, theirs = houses
    with inside(ours):
        confine(ours)
        assert answer(HOME) == "deny"
        assert answer(HOME, "login") == "deny"
        assert answer(DESK) == "allow"
        assert (at_edge(ours, HOME), at_edge(ours, DESK)) == ("deny", "allow")
    with inside(theirs):
        assert address_rules() == []
        assert answer(HOME) == "allow"
        assert not NetworkRule.objects.exists()


def test_a_rule_of_another_organisation_cannot_be_removed(houses: tuple[House, House]) -> None:
    ours, theirs = houses
    with inside(ours):
        rule = confine(ours)
    with inside(theirs):
        assert not remove_rule(rule=rule, at=NOW, actor=str(theirs.admin), confirm=True)
    with inside(ours):
        assert [r.id for r in address_rules()] == [rule]


def test_a_change_is_published_and_raises_the_epoch_in_one_transaction(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        confine(ours)
        assert Revocation.objects.filter(kind="t", key="saint-elan").count() == 1
        assert kinds(ours)[-3:] == ["admin:address_rule:added", "admin:access_policy:changed", "system:edge:revoked"]
        version = Policy.objects.get(tenant_id=ours.id).version
        savepoint = transaction.savepoint()
        add_rule(network=HOME, verdict="deny", classes=RESERVED, at=NOW, actor=str(ours.admin), address=DESK)
        transaction.savepoint_rollback(savepoint)
        assert Policy.objects.get(tenant_id=ours.id).version == version
        assert len(address_rules()) == 1


def test_deny_wins_at_the_edge_as_in_the_decision(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        confine(ours)
        add_rule(network="198.51.100.66", verdict="deny", classes=RESERVED, at=NOW, actor=str(ours.admin), address=DESK)
        assert answer("198.51.100.66") == at_edge(ours, "198.51.100.66") == "deny"


def test_a_list_that_would_shut_its_author_out_is_refused_unless_confirmed(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        with pytest.raises(LockOut) as refusal:
            add_rule(network=OFFICE, verdict="allow", classes=RESERVED, at=NOW, actor=str(ours.admin), address=HOME)
        assert HOME in refusal.value.text.fr
        assert HOME in refusal.value.text.en
        assert address_rules() == []
        add_rule(network=OFFICE, verdict="allow", classes=RESERVED, at=NOW, actor=str(ours.admin), address=HOME, confirm=True)
        assert answer(HOME) == "deny"


def test_a_list_of_every_address_is_no_list(houses: tuple[House, House]) -> None:
    """ASO-16: neither in one rule nor in the second of two; what refuses everybody is another matter."""
    ours, theirs = houses
    for house in (ours, theirs):
        with inside(house):
            confine(house)
            for network in ("0.0.0.0/0", "::/0"):
                with pytest.raises(BadNetwork, match="every address") as refusal:
                    add_rule(network=network, verdict="allow", classes=RESERVED, at=NOW, actor="x", confirm=True)
                assert network in refusal.value.text.fr
            add_rule(network="0.0.0.0/1", verdict="allow", classes=RESERVED, at=NOW, actor="x", confirm=True)
            with pytest.raises(BadNetwork, match="every address"):
                add_rule(network="128.0.0.0/1", verdict="allow", classes=RESERVED, at=NOW, actor="x", confirm=True)
            add_rule(network="0.0.0.0/0", verdict="deny", classes=("public",), at=NOW, actor="x", confirm=True)


def test_a_deny_of_ones_own_address_is_refused_unless_confirmed(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        with pytest.raises(LockOut):
            add_rule(network="203.0.113.0/24", verdict="deny", classes=("login",), at=NOW, actor=str(ours.admin), address=HOME)
        with pytest.raises(LockOut):
            add_rule(network="203.0.113.0/24", verdict="deny", classes=("member",), at=NOW, actor="x", address=f"::ffff:{HOME}")


def test_removing_the_rule_one_came_in_by_is_refused_unless_confirmed(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        confine(ours)
        mine = add_rule(network=HOME, verdict="allow", classes=RESERVED, at=NOW, actor=str(ours.admin), address=DESK)
        with pytest.raises(LockOut):
            remove_rule(rule=mine, at=NOW, actor=str(ours.admin), address=HOME)
        assert answer(HOME) == "allow"
        assert remove_rule(rule=mine, at=NOW, actor=str(ours.admin), address=HOME, confirm=True)
        assert answer(HOME) == "deny"


def test_removing_the_last_allow_opens_the_door_and_must_be_confirmed(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        rule = confine(ours)
        with pytest.raises(LockOut, match="every address"):
            remove_rule(rule=rule, at=NOW, actor=str(ours.admin), address=DESK)
        assert answer(HOME) == "deny"
        assert remove_rule(rule=rule, at=NOW, actor=str(ours.admin), address=DESK, confirm=True)
        assert at_edge(ours, HOME) == "allow"


def test_a_temporary_allow_cannot_stand_alone(houses: tuple[House, House]) -> None:
    ours, _ = houses
    later = NOW + timedelta(hours=8)
    with inside(ours):
        with pytest.raises(BadNetwork, match="stand alone"):
            add_rule(network=OFFICE, verdict="allow", classes=RESERVED, at=NOW, actor="x", address=DESK, expires_at=later)
        rule = confine(ours)
        add_rule(network=HOME, verdict="allow", classes=RESERVED, at=NOW, actor="x", address=DESK, expires_at=later)
        with pytest.raises(NotPossible):
            remove_rule(rule=rule, at=NOW, actor="x", address=DESK, confirm=True)


@pytest.mark.parametrize(
    ("typed", "advice"), [("198.51.100.7/24", "198.51.100.0/24"), ("mairie", "198.51.100.7"), ("fe80::1%eth0", "fe80::1")]
)
def test_a_malformed_network_changes_nothing(houses: tuple[House, House], typed: str, advice: str) -> None:
    ours, _ = houses
    with inside(ours):
        with pytest.raises(BadNetwork) as refusal:
            add_rule(network=typed, verdict="allow", classes=RESERVED, at=NOW, actor="x", address=DESK)
        assert advice in refusal.value.text.fr
        assert address_rules() == []
        assert not Policy.objects.filter(tenant_id=ours.id).exists()


def test_the_same_network_twice_is_refused(houses: tuple[House, House]) -> None:
    ours, theirs = houses
    with inside(ours):
        confine(ours)
        with pytest.raises(BadNetwork, match="already"):
            confine(ours)
    with inside(theirs):
        confine(theirs)


@pytest.mark.parametrize("ends", [timedelta(0), timedelta(hours=-1), timedelta(days=400)])
def test_an_end_must_lie_ahead_within_a_year(houses: tuple[House, House], ends: timedelta) -> None:
    ours, _ = houses
    with inside(ours):
        confine(ours)
        with pytest.raises(BadNetwork):
            add_rule(network=HOME, verdict="allow", classes=RESERVED, at=NOW, actor="x", address=DESK, expires_at=NOW + ends)


def test_the_database_refuses_what_is_no_network(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        for wrong in ("198.51.100.7/24", "mairie"):
            row = NetworkRule(tenant_id=ours.id, network=wrong, verdict="allow", classes=["member"], created_by="x", created_at=NOW)
            with pytest.raises((DataError, IntegrityError)), transaction.atomic():
                row.save(force_insert=True)


def test_an_expired_rule_is_taken_away_everywhere(houses: tuple[House, House]) -> None:
    ours, _ = houses
    later = NOW + timedelta(hours=8)
    with inside(ours):
        confine(ours)
        add_rule(network=HOME, verdict="allow", classes=RESERVED, at=NOW, actor="x", address=DESK, expires_at=later)
        assert at_edge(ours, HOME) == "allow"
        assert expire_due(at=later - timedelta(microseconds=1)) == 0
        assert expire_due(at=later) == 1
        assert at_edge(ours, HOME) == "deny"
        assert [r.network for r in address_rules()] == [OFFICE]
        assert "system:address_rule:expired" in kinds(ours)
        assert expire_due(at=later) == 0


def test_what_is_published_carries_nothing_expired(houses: tuple[House, House]) -> None:
    ours, _ = houses
    later = NOW + timedelta(hours=1)
    with inside(ours):
        confine(ours)
        add_rule(network=HOME, verdict="allow", classes=RESERVED, at=NOW, actor="x", address=DESK, expires_at=later)
        publish_rules(at=later, actor="system:test")
        assert at_edge(ours, HOME) == "deny"


def ask(house: House, *, user: uuid.UUID | None = None, address: str = HOME, hours: int = 8, at: datetime = NOW) -> uuid.UUID:
    return request_address(user=user or house.member, address=address, reason="Télétravail", hours=hours, at=at).id


def test_a_request_waits_for_an_administrator_then_opens_then_ends(houses: tuple[House, House]) -> None:
    ours, theirs = houses
    with inside(ours):
        confine(ours)
        request = ask(ours)
        assert answer(HOME) == "deny"
        assert [(r.person, r.network, r.state) for r in address_requests()] == [("Omer Vadnais", f"{HOME}/32", "pending")]
    with inside(theirs):
        assert address_requests() == []
        with pytest.raises(NotPossible):
            approve_request(request=request, at=NOW, actor=str(theirs.admin))
    with inside(ours):
        opened = approve_request(request=request, at=NOW, actor=str(ours.admin))
        assert opened.state == "approved"
        assert opened.expires_at == NOW + timedelta(hours=8)
        assert answer(HOME) == at_edge(ours, HOME) == at_edge(ours, HOME, "login") == "allow"
        (rule,) = [r for r in address_rules() if r.origin == "self"]
        assert (rule.approved_by, rule.created_by, rule.expires_at) == (str(ours.admin), str(ours.member), opened.expires_at)
        assert expire_due(at=opened.expires_at) == 1
        assert at_edge(ours, HOME) == "deny"
        assert [r.state for r in address_requests(states=("expired",))] == ["expired"]
        assert {"user:address:requested", "admin:address:approved", "system:address_rule:expired"} <= set(kinds(ours))


def test_of_two_answers_the_second_is_told_that_somebody_was_faster(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        confine(ours)
        request = ask(ours)
        refuse_request(request=request, at=NOW, actor=str(ours.admin))
        for late in (approve_request, refuse_request):
            with pytest.raises(NotPossible, match="no longer waits"):
                late(request=request, at=NOW, actor=str(ours.admin))  # type: ignore[operator]
        assert answer(HOME) == "deny"


def test_a_request_that_nobody_answered_cannot_be_approved_the_next_day(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        confine(ours)
        request = ask(ours)
        with pytest.raises(NotPossible):
            approve_request(request=request, at=NOW + timedelta(hours=24), actor=str(ours.admin))
        assert expire_due(at=NOW + timedelta(hours=24)) == 0
        assert AddressRequest.objects.get(pk=request).state == "expired"


def test_an_organisation_may_let_requests_open_by_themselves_for_some_hours(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        confine(ours)
        choose("hours", 6)
        found = request_address(user=ours.member, address=HOME, reason="Panne", hours=24, at=NOW)
        assert (found.state, found.expires_at) == ("auto", NOW + timedelta(hours=6))
        assert at_edge(ours, HOME) == "allow"


def test_an_administrator_outside_is_never_stuck(houses: tuple[House, House]) -> None:
    """ASO-35: the power is out at the office, and the only person who could approve is not there."""
    ours, _ = houses
    with inside(ours):
        confine(ours)
        found = request_address(user=ours.admin, address=HOME, reason="Panne de courant", hours=24, at=NOW)
        assert (found.state, found.expires_at) == ("auto", NOW + timedelta(hours=8))
        assert at_edge(ours, HOME, "login") == "allow"


def test_an_organisation_may_take_no_request(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        confine(ours)
        assert at_edge(ours, HOME, "address") == "allow"
        choose("off")
        publish_rules(at=NOW, actor="x")
        assert self_service().mode == "off"
        assert at_edge(ours, HOME, "address") == "deny"
        for user in (ours.member, ours.admin):
            with pytest.raises(NotPossible):
                ask(ours, user=user)


def test_the_page_of_requests_is_shut_to_what_is_expressly_refused(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        confine(ours)
        add_rule(network=HOME, verdict="deny", classes=RESERVED, at=NOW, actor="x", address=DESK)
        assert at_edge(ours, HOME, "address") == "deny"
        with pytest.raises(NotPossible, match="expressly refused"):
            ask(ours)


def test_there_is_nothing_to_ask_for_where_one_may_already_come_in(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        confine(ours)
        with pytest.raises(NotPossible, match="already"):
            ask(ours, address=DESK)


def test_a_mobile_ipv6_address_is_opened_as_its_network(houses: tuple[House, House]) -> None:
    """ASO-36: the last half of an LTE address changes while one works."""
    ours, _ = houses
    with inside(ours):
        confine(ours)
        approve_request(request=ask(ours, address="2001:db8:1:2:aaaa::1"), at=NOW, actor=str(ours.admin))
        assert answer("2001:db8:1:2:bbbb::9") == at_edge(ours, "2001:db8:1:2:bbbb::9") == "allow"
        assert answer("2001:db8:1:3::1") == "deny"


def test_asking_again_replaces_the_former_request_and_a_longer_rule_is_not_shortened(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        confine(ours)
        first, second = ask(ours), ask(ours)
        assert [r.id for r in address_requests()] == [second]
        assert AddressRequest.objects.get(pk=first).state == "expired"
        long = approve_request(request=second, at=NOW, actor="x", hours=24)
        approve_request(request=_pending(ours), at=NOW, actor="x", hours=4)
        (rule,) = [r for r in address_rules() if r.origin == "self"]
        assert rule.expires_at == long.expires_at


def _pending(house: House) -> uuid.UUID:
    row = AddressRequest(
        tenant_id=house.id,
        user_id=house.member,
        network=f"{HOME}/32",
        reason="Encore",
        hours=4,
        created_at=NOW,
        expires_at=NOW + timedelta(hours=1),
    )
    row.save(force_insert=True)
    return row.id


def test_one_person_may_not_flood_the_administrator(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        confine(ours)
        for last in range(1, 6):
            ask(ours, address=f"203.0.113.{last}")
        with pytest.raises(NotPossible, match="waiting"):
            ask(ours, address="203.0.113.6")
        ask(ours, address="203.0.113.5")


@pytest.mark.parametrize("wrong", [{"reason": " \n"}, {"hours": 0}, {"hours": 10_000}])
def test_a_request_says_why_and_for_how_long(houses: tuple[House, House], wrong: dict[str, object]) -> None:
    ours, _ = houses
    asked: dict[str, object] = {"user": ours.member, "address": HOME, "reason": "Télétravail", "hours": 8, "at": NOW, **wrong}
    with inside(ours):
        confine(ours)
        with pytest.raises(BadNetwork):
            request_address(**asked)  # type: ignore[arg-type]


def test_the_decision_and_the_edge_agree_on_many_addresses(houses: tuple[House, House]) -> None:
    ours, _ = houses
    with inside(ours):
        for network, say in (
            ("0.0.0.0/1", "allow"),
            ("198.51.100.0/24", "allow"),
            ("198.51.100.64/26", "deny"),
            ("2001:db8::/32", "allow"),
        ):
            add_rule(network=network, verdict=say, classes=("public", "member"), at=NOW, actor="x", confirm=True)
        wanted = [*ipaddress.ip_network("198.51.100.0/25").hosts()][::9]
        spread = [ipaddress.ip_address(step * 0x0F0F0F0F) for step in range(17)]
        for address in (*wanted, *spread, ipaddress.ip_address("2001:db8::5"), ipaddress.ip_address("2001:db9::5")):
            for kind in ("public", "login", "member"):
                assert at_edge(ours, str(address), kind) == answer(str(address), kind), (address, kind)
        assert Answer.DENY in {answer(str(address)) for address in wanted}


def lapsed(house: House) -> list[tuple[str, str, str]]:
    with inside(house):
        found = entries(tenant=house.id, kinds=["system:address:expired"])
    return [(entry.payload["was"], entry.payload["why"], entry.actor) for entry in reversed(found)]


def test_a_request_that_nobody_answered_leaves_an_entry_when_it_expires(houses: tuple[House, House]) -> None:
    ours, theirs = houses
    for house in houses:
        with inside(house):
            confine(house)
            request_address(user=house.member, address=HOME, reason="Panne de courant", hours=8, at=NOW)
    with inside(ours):
        (asked,) = address_requests()
        assert expire_due(at=NOW + timedelta(hours=24)) == 0
        assert expire_due(at=NOW + timedelta(hours=25)) == 0, "once"
        (entry,) = entries(tenant=ours.id, kinds=["system:address:expired"])
        assert (entry.payload["request"], entry.payload["state"]) == (str(asked.id), "expired")
    assert lapsed(ours) == [("pending", "time", "system:worker")]
    assert lapsed(theirs) == []


def test_an_opened_address_leaves_an_entry_for_its_request_too_when_its_time_is_over(houses: tuple[House, House]) -> None:
    ours, theirs = houses
    with inside(ours):
        confine(ours)
        asked = request_address(user=ours.member, address=HOME, reason="Panne de courant", hours=8, at=NOW)
        opened = approve_request(request=asked.id, at=NOW, actor=str(ours.admin))
        assert expire_due(at=opened.expires_at) == 1
    assert lapsed(ours) == [("approved", "time", "system:worker")]
    assert lapsed(theirs) == []


def test_a_request_that_is_replaced_leaves_an_entry(houses: tuple[House, House]) -> None:
    ours, theirs = houses
    with inside(ours):
        confine(ours)
        first = request_address(user=ours.member, address=HOME, reason="Panne de courant", hours=8, at=NOW)
        second = request_address(user=ours.member, address=HOME, reason="Toujours en panne", hours=4, at=NOW + timedelta(minutes=5))
        states = dict(AddressRequest.objects.values_list("id", "state"))
        assert states == {first.id: "expired", second.id: "pending"}
        assert AddressRequest.objects.get(pk=first.id).decided_at == NOW + timedelta(minutes=5)
    assert lapsed(ours) == [("pending", "replaced", str(ours.member))]
    assert lapsed(theirs) == []
