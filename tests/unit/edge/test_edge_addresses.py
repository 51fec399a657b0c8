"""Compiled address rules say what the rules say: differential against `ipaddress`, IPv4, IPv6 and mapped addresses."""

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garant.edge.policy.addresses import CLASSES, AddressRule, between, compile_addresses, parse_address, parse_network, rules_for
from garant.kernel.errors import InputError

TENANTS = ("saint-elan", "trois-rapides")


@st.composite
def networks(draw: st.DrawFn) -> str:
    """Networks that often hold one another."""
    if draw(st.booleans()):
        value = draw(st.integers(0, 15)) << 28 | draw(st.sampled_from([0, 1, 0xFF00, 0xFF01]))
        return str(ipaddress.ip_network((value, draw(st.sampled_from([0, 4, 8, 24, 31, 32]))), strict=False))
    value = draw(st.integers(0, 3)) << 120 | draw(st.sampled_from([0, 1, 1 << 64]))
    return str(ipaddress.IPv6Network((value, draw(st.sampled_from([0, 8, 48, 64, 128]))), strict=False))


RULES = st.lists(
    st.builds(
        AddressRule,
        st.sampled_from(["allow", "deny"]),
        networks(),
        st.lists(st.sampled_from(CLASSES), min_size=1, max_size=2, unique=True).map(tuple),
    ),
    max_size=6,
)


def plainly(rules: list[AddressRule], address: str, kind: str) -> str:
    """The rule in words: deny wins; then allow; otherwise allow unless somebody is allowed."""
    own = rules_for(rules, kind)
    wanted = parse_address(address)

    def holds(rule: AddressRule) -> bool:
        return wanted in ipaddress.ip_network(rule.network)

    if any(rule.kind == "deny" and holds(rule) for rule in own):
        return "deny"
    if any(rule.kind == "allow" and holds(rule) for rule in own):
        return "allow"
    return "deny" if any(rule.kind == "allow" for rule in own) else "allow"


@settings(max_examples=150, deadline=None)
@given(RULES, RULES, networks(), st.integers(0, 3), st.sampled_from(CLASSES))
def test_the_maps_say_what_the_rules_say(mine: list[AddressRule], theirs: list[AddressRule], near: str, offset: int, kind: str) -> None:
    tenants = dict(zip(TENANTS, (mine, theirs), strict=True))
    maps = compile_addresses(tenants)
    network = ipaddress.ip_network(near)
    address = str(network.network_address + min(offset, network.num_addresses - 1))
    for tenant, rules in tenants.items():
        assert maps.verdict(address, tenant, kind) == plainly(rules, address, kind)


@settings(max_examples=60, deadline=None)
@given(RULES, st.randoms(use_true_random=False))
def test_order_changes_nothing(rules: list[AddressRule], chance: object) -> None:
    shuffled = list(rules)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert compile_addresses({"saint-elan": rules}) == compile_addresses({"saint-elan": shuffled})


@settings(max_examples=150, deadline=None)
@given(RULES, RULES, networks(), st.sampled_from(CLASSES))
def test_whom_old_and_new_refuse_is_refused_at_every_step(old: list[AddressRule], new: list[AddressRule], near: str, kind: str) -> None:
    before, after = compile_addresses({"saint-elan": old}), compile_addresses({"saint-elan": new})
    address = str(ipaddress.ip_network(near).network_address)
    if (before.verdict(address, "saint-elan", kind), after.verdict(address, "saint-elan", kind)) != ("deny", "deny"):
        return
    held = between(before.entries, after.entries)
    for zones, entries in ((before.zones, held), (after.zones, held), (after.zones, after.entries)):
        assert type(before)(zones, entries).verdict(address, "saint-elan", kind) == "deny"


def test_a_mapped_address_is_its_ipv4() -> None:
    maps = compile_addresses({"saint-elan": [AddressRule("deny", "::ffff:192.0.2.0/120", ("member",))]})
    assert maps.verdict("192.0.2.7", "saint-elan", "member") == "deny"
    assert maps.verdict("::ffff:192.0.2.7", "saint-elan", "member") == "deny"
    assert maps.verdict("192.0.3.7", "saint-elan", "member") == "allow"
    assert str(parse_network("192.0.2.9/24")) == "192.0.2.0/24"


def test_no_rule_lets_everybody_in_and_writes_nothing() -> None:
    maps = compile_addresses({"saint-elan": [], "trois-rapides": [AddressRule("allow", "192.0.2.0/24", ("member",))]})
    assert not [key for key in maps.entries if "saint-elan" in key]
    assert maps.verdict("198.51.100.1", "saint-elan", "member") == "allow"


def test_the_page_where_one_asks_follows_the_login_unless_it_has_rules() -> None:
    closed = [AddressRule("allow", "192.0.2.0/24", ("login",))]
    opened = [*closed, AddressRule("allow", "0.0.0.0/0", ("address",)), AddressRule("allow", "::/0", ("address",))]
    maps = compile_addresses({"saint-elan": closed, "trois-rapides": opened})
    assert maps.verdict("198.51.100.1", "saint-elan", "address") == "deny"
    assert maps.verdict("192.0.2.1", "saint-elan", "address") == "allow"
    for address in ("198.51.100.1", "2001:db8::1"):
        assert maps.verdict(address, "trois-rapides", "address") == "allow"
        assert maps.verdict(address, "trois-rapides", "login") == "deny"


@pytest.mark.parametrize(
    "text", ["", "300.0.0.1", "192.0.2.0/33", "2001:db8::/129", "example.org", "10.0.0.0/8 ; add", "fe80::1%eth0", "1.2.3"]
)
def test_a_malformed_network_is_refused_with_words(text: str) -> None:
    with pytest.raises(InputError, match="network"):
        AddressRule("allow", text, ("member",))


@pytest.mark.parametrize("classes", [(), ("members",), ("member", "x")])
def test_an_unknown_class_is_refused(classes: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="route classes"):
        AddressRule("allow", "192.0.2.0/24", classes)
