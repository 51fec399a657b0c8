"""Address rules: deny wins, an allow closes the rest, nothing expired counts (ASO-16, ASO-22, INT-53, INT-54)."""

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garant.access.policy.addresses import (
    CLASSES,
    Answer,
    BadNetwork,
    Rule,
    checked_classes,
    confined,
    locks_out,
    opening_by_expiry,
    own_network,
    parse_address,
    parse_network,
    unconfined,
    unmapped,
    verdict,
)
from garant.kernel.text import Text

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALL = ("public", "login", "member")


def allow(network: str, *, classes: tuple[str, ...] = ALL, expires: datetime | None = None) -> Rule:
    return Rule(parse_network(network), Answer.ALLOW, classes, expires)


def deny(network: str, *, classes: tuple[str, ...] = ALL, expires: datetime | None = None) -> Rule:
    return Rule(parse_network(network), Answer.DENY, classes, expires)


def asked(rules: list[Rule], address: str, kind: str = "member", now: datetime = NOW) -> str:
    return verdict(rules, parse_address(address), kind, now)


v4 = st.ip_addresses(v=4)
v6 = st.ip_addresses(v=6)
addresses = st.one_of(v4, v6, v4.map(lambda a: ipaddress.IPv6Address(f"::ffff:{a}")))
networks = st.one_of(
    st.tuples(v4, st.integers(0, 32)),
    st.tuples(v6, st.integers(0, 128)),
    st.tuples(v4, st.integers(96, 128)).map(lambda pair: (ipaddress.IPv6Address(f"::ffff:{pair[0]}"), pair[1])),
).map(lambda pair: ipaddress.ip_network(pair, strict=False))
moments = st.one_of(st.none(), st.integers(-3, 3).map(lambda hours: NOW + timedelta(hours=hours)))
rules = st.lists(
    st.builds(
        lambda network, answer, classes, expires: Rule(parse_network(str(network)), answer, tuple(sorted(classes)), expires),
        networks,
        st.sampled_from(Answer),
        st.sets(st.sampled_from(CLASSES), min_size=1),
        moments,
    ),
    max_size=8,
)


def as_v6(value: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    """Every address on one line: IPv4 at its mapped place."""
    return int(value) + (0xFFFF << 32 if value.version == 4 else 0)


def reference(found: list[Rule], address: ipaddress.IPv4Address | ipaddress.IPv6Address, kind: str) -> str:
    """The same rule, written another way: sets of integers and no shortcut."""
    alive = [r for r in found if kind in r.classes and (r.expires_at is None or r.expires_at > NOW)]
    plain = unmapped(address)

    def holds(rule: Rule) -> bool:
        if plain.version != rule.network.version:
            return False
        low, high = rule.network[0], rule.network[-1]
        return as_v6(low) <= as_v6(plain) <= as_v6(high)

    denied = [r for r in alive if r.answer == "deny" and holds(r)]
    allows = [r for r in alive if r.answer == "allow"]
    return "deny" if denied or (allows and not any(holds(r) for r in allows)) else "allow"


@given(rules, addresses, st.sampled_from(CLASSES))
def test_the_verdict_agrees_with_a_plain_reading_of_the_rule(found: list[Rule], address: ipaddress.IPv4Address, kind: str) -> None:
    assert verdict(found, address, kind, NOW) == reference(found, address, kind)


@given(rules, addresses, st.sampled_from(CLASSES), st.randoms(use_true_random=False))
def test_the_order_of_rules_changes_nothing(found: list[Rule], address: ipaddress.IPv4Address, kind: str, random: object) -> None:
    mixed = list(found)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert verdict(mixed, address, kind, NOW) == verdict(found, address, kind, NOW)


@given(rules, addresses, st.sampled_from(CLASSES))
def test_one_more_deny_never_opens(found: list[Rule], address: ipaddress.IPv4Address, kind: str) -> None:
    before = verdict(found, address, kind, NOW)
    after = verdict([*found, Rule(ipaddress.ip_network(unmapped(address)), Answer.DENY, (kind,))], address, kind, NOW)
    assert after == "deny"
    assert before in ("allow", "deny")


@given(networks)
def test_a_parsed_network_is_normal_and_parses_to_itself(network: ipaddress.IPv4Network) -> None:
    once = parse_network(str(network))
    assert parse_network(str(once)) == once
    assert not (once.version == 6 and once.subnet_of(ipaddress.IPv6Network("::ffff:0:0/96")))


@given(st.text(max_size=40))
def test_any_text_is_a_network_or_a_refusal_in_both_languages(text: str) -> None:
    try:
        found: object = parse_network(text)
    except BadNetwork as refusal:
        found = refusal.text if str(refusal) == refusal.text.en else None
    assert isinstance(found, Text | ipaddress.IPv4Network | ipaddress.IPv6Network)


def test_without_a_rule_everything_is_open() -> None:
    assert asked([], "203.0.113.9") == "allow"


def test_an_allow_closes_its_class_to_every_other_address() -> None:
    found = [allow("198.51.100.0/24", classes=("login", "member"))]
    assert asked(found, "198.51.100.7") == "allow"
    assert asked(found, "203.0.113.9") == "deny"
    assert asked(found, "203.0.113.9", "login") == "deny"
    assert asked(found, "203.0.113.9", "public") == "allow"
    assert asked(found, "2001:db8::1") == "deny"


def test_deny_wins_even_against_a_narrower_allow() -> None:
    found = [allow("198.51.100.7"), deny("198.51.100.0/24")]
    assert asked(found, "198.51.100.7") == "deny"


def test_a_deny_alone_leaves_the_rest_open() -> None:
    assert asked([deny("198.51.100.0/24")], "198.51.100.7") == "deny"
    assert asked([deny("198.51.100.0/24")], "203.0.113.9") == "allow"


def test_a_rule_ends_at_its_very_moment() -> None:
    found = [allow("198.51.100.0/24"), allow("203.0.113.9", expires=NOW)]
    assert asked(found, "203.0.113.9", now=NOW - timedelta(microseconds=1)) == "allow"
    assert asked(found, "203.0.113.9", now=NOW) == "deny"


def test_mapped_addresses_are_the_ipv4_ones() -> None:
    assert asked([deny("::ffff:198.51.100.0/120")], "198.51.100.7") == "deny"
    assert asked([deny("198.51.100.0/24")], "::ffff:198.51.100.7") == "deny"
    assert str(parse_network("::ffff:198.51.100.7")) == "198.51.100.7/32"


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        ("198.51.100.7/24", "198.51.100.0/24"),
        ("198.51.100.7/24", "198.51.100.7/32"),
        ("2001:db8::7/64", "2001:db8::/64"),
        ("::ffff:198.51.100.7/120", "198.51.100.0/24"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::%eth0/64", "fe80::"),
        ("198.51.100", "198.51.100.0/24"),
        ("198.51.100.0/33", "198.51.100.0/24"),
        ("198.51.100.0/255.255.255.0", "198.51.100.0/24"),
        ("198.51.100.0/-1", "198.51.100.0/24"),
        ("010.0.0.1", "198.51.100.7"),
        ("", "198.51.100.7"),
        ("bureau", "2001:db8:12::/48"),
        ("198.51.100.1-198.51.100.9", "198.51.100.0/24"),
        ("198.51.100.0/２４", "198.51.100.0/24"),
    ],
)
def test_a_malformed_network_is_refused_with_what_to_write(typed: str, advice: str) -> None:
    with pytest.raises(BadNetwork) as refusal:
        parse_network(typed)
    assert advice in refusal.value.text.fr
    assert advice in refusal.value.text.en


def test_what_people_add_for_themselves_survives_the_daily_change_of_an_ipv6_address() -> None:
    assert str(own_network(parse_address("2001:db8:1:2:aaaa::1"))) == "2001:db8:1:2::/64"
    assert str(own_network(parse_address("::ffff:203.0.113.9"))) == "203.0.113.9/32"
    assert parse_address("2001:db8:1:2:bbbb::9") in own_network(parse_address("2001:db8:1:2:aaaa::1"))


def test_the_author_of_a_list_can_be_locked_out_of_login_or_of_the_pages() -> None:
    here = parse_address("203.0.113.9")
    assert locks_out([allow("198.51.100.0/24")], here, NOW)
    assert locks_out([allow("198.51.100.0/24", classes=("login",))], here, NOW)
    assert locks_out([deny("203.0.113.0/24", classes=("member",))], here, NOW)
    assert not locks_out([allow("198.51.100.0/24", classes=("public",))], here, NOW)
    assert not locks_out([allow("198.51.100.0/24"), allow("203.0.113.9")], here, NOW)


@given(rules, addresses)
def test_nobody_who_can_sign_in_and_come_back_is_called_locked_out(found: list[Rule], address: ipaddress.IPv4Address) -> None:
    answers = {verdict(found, address, kind, NOW) for kind in ("login", "member")}
    assert locks_out(found, address, NOW) is (Answer.DENY in answers)


def test_a_temporary_allow_alone_would_open_the_class_at_its_end() -> None:
    soon = NOW + timedelta(hours=8)
    assert opening_by_expiry([allow("203.0.113.9", expires=soon, classes=("member",))], NOW) == ("member",)
    lasting = allow("198.51.100.0/24", classes=("login",))
    assert opening_by_expiry([lasting, allow("203.0.113.9", expires=soon, classes=("login", "member"))], NOW) == ("member",)
    assert opening_by_expiry([allow("198.51.100.0/24"), allow("203.0.113.9", expires=soon)], NOW) == ()


@given(rules, addresses, st.sampled_from(CLASSES), st.integers(0, 9))
def test_time_alone_never_opens_a_class_that_has_a_lasting_allow(
    found: list[Rule], address: ipaddress.IPv4Address, kind: str, hours: int
) -> None:
    if kind in opening_by_expiry(found, NOW) or any(r.answer == "deny" and r.expires_at is not None for r in found):
        return
    later = NOW + timedelta(hours=hours)
    if verdict(found, address, kind, NOW) == "deny":
        assert verdict(found, address, kind, later) == "deny"


def test_taking_the_last_allow_away_is_seen_as_opening() -> None:
    before = [allow("198.51.100.0/24", classes=("login", "member"))]
    assert confined(before, NOW) == ("login", "member")
    assert unconfined(before, [], NOW) == ("login", "member")
    assert unconfined(before, [allow("203.0.113.9", classes=("member",))], NOW) == ("login",)


def test_classes_come_once_in_their_order() -> None:
    assert checked_classes(["member", "public", "member"]) == ("public", "member")
    for wrong in ([], ["admin"]):
        with pytest.raises(BadNetwork):
            checked_classes(wrong)
    with pytest.raises(ValueError):
        Rule(parse_network("198.51.100.7"), Answer.ALLOW, ())
