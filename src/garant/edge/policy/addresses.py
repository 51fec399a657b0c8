"""Address rules of all tenants, compiled into two look-ups.

- A rule allows or denies a network, for some classes of routes of one tenant. Deny wins.
- The default of a class is *allow*; it is *deny* as soon as the class has an allow rule.
- IPv4 and IPv6; `::ffff:a.b.c.d` is IPv4.
- The class `address` (the page where a refused person asks for their address) follows the rules of `login`, unless the tenant has
  rules for it: `allow 0.0.0.0/0` and `allow ::/0` open the page to everybody.

`compile_addresses` cuts the addresses of the world into zones, one for each network that any tenant names; an address belongs to the
longest network that holds it. A rule that holds one address of a zone holds the whole zone, since networks are nested or apart. Hence
one verdict for each zone, tenant and class; those equal to the default are left out.

    >>> rules = {"saint-elan": [AddressRule("allow", "192.0.2.0/24", ("member",)), AddressRule("deny", "192.0.2.7", ("member",))]}
    >>> maps = compile_addresses(rules)
    >>> [maps.verdict(a, "saint-elan", "member") for a in ("192.0.2.1", "192.0.2.7", "198.51.100.1")]
    ['allow', 'deny', 'deny']

A zone is named by its network, so that a name never comes to mean other addresses.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from garant.kernel.errors import InputError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Verdict = Literal["allow", "deny"]

CLASSES = ("public", "login", "member", "address")
OUTSIDE = "0"
"""The zone of every address that no network names."""


@dataclass(frozen=True)
class AddressRule:
    """`kind`: `allow` or `deny`. `network`: CIDR text, or one address. `classes`: among `public`, `login`, `member`, `address`."""

    kind: Verdict
    network: str
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.kind not in ("allow", "deny"):
            raise InputError(f"{self.kind!r} is not a verdict: write allow or deny")
        if not self.classes or set(self.classes) - set(CLASSES):
            raise InputError(f"an address rule names route classes among {', '.join(CLASSES)}, not {', '.join(self.classes) or 'none'}")
        parse_network(self.network)


def parse_network(text: str) -> Network:
    """The network that `text` names; host bits are cleared, a mapped IPv4 network becomes IPv4. Raises InputError."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise InputError(f"{text!r} is not a network: write for example 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48") from error
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped is not None and network.prefixlen >= 96:
        return ipaddress.ip_network((mapped, network.prefixlen - 96))
    if isinstance(network, ipaddress.IPv6Network) and network.network_address.scope_id is not None:
        raise InputError(f"{text!r} names an interface: write the network without %")
    return network


def parse_address(text: str) -> Address:
    """A client's address; a mapped IPv4 address becomes IPv4. Raises InputError."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError as error:
        raise InputError(f"{text!r} is not an address") from error
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped if mapped is not None else address


@dataclass(frozen=True)
class AddressMaps:
    """What the edge looks up. `zones`: network to zone; `entries`: default under `*|tenant|class`; the rest `zone|tenant|class`."""

    zones: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, str] = field(default_factory=dict)

    def verdict(self, address: str, tenant: str, kind: str) -> str:
        """The same look-ups as the edge's, for tests and for comparison."""
        default = self.entries.get(f"*|{tenant}|{kind}")
        if default is None:
            return "allow"
        wanted = parse_address(address)
        holding = [network for network in map(ipaddress.ip_network, self.zones) if wanted in network]
        zone = str(max(holding, key=lambda network: network.prefixlen)) if holding else OUTSIDE
        return self.entries.get(f"{zone}|{tenant}|{kind}", default)


def rules_for(rules: Sequence[AddressRule], kind: str) -> list[AddressRule]:
    """The rules of one class; `address` without rules of its own follows `login`."""
    own = [rule for rule in rules if kind in rule.classes]
    if kind == "address" and not own:
        return rules_for(rules, "login")
    return own


def compile_addresses(tenants: Mapping[str, Sequence[AddressRule]]) -> AddressMaps:
    """The maps of all tenants (by slug). Pure: the same rules give the same maps, in any order."""
    networks = {str(parse_network(rule.network)) for rules in tenants.values() for rule in rules}
    entries: dict[str, str] = {}
    for tenant, rules in sorted(tenants.items()):
        for kind in CLASSES:
            entries.update(_class_entries(tenant, kind, rules_for(rules, kind), networks))
    return AddressMaps({network: network for network in sorted(networks)}, entries)


def _class_entries(tenant: str, kind: str, rules: Sequence[AddressRule], networks: set[str]) -> dict[str, str]:
    if not rules:
        return {}
    allowed = [parse_network(rule.network) for rule in rules if rule.kind == "allow"]
    denied = [parse_network(rule.network) for rule in rules if rule.kind == "deny"]
    default = "deny" if allowed else "allow"
    made = {f"*|{tenant}|{kind}": default}
    for name in sorted(networks):
        zone = ipaddress.ip_network(name)
        if any(_holds(network, zone) for network in denied):
            verdict = "deny"
        elif any(_holds(network, zone) for network in allowed):
            verdict = "allow"
        else:
            verdict = default
        if verdict != default:
            made[f"{name}|{tenant}|{kind}"] = verdict
    return made


def _holds(outer: Network, inner: Network) -> bool:
    if isinstance(outer, ipaddress.IPv4Network):
        return isinstance(inner, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, ipaddress.IPv6Network) and inner.subnet_of(outer)


def between(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Entries to hold while the zones change, since two maps cannot change at one moment: nobody passes whom old and new refuse.

    New entries win over old ones; a default stays at *deny* when either side denies.
    """
    held = {**old, **new}
    for key in held:
        if key.startswith("*|") and "deny" in (old.get(key), new.get(key)):
            held[key] = "deny"
    return held
