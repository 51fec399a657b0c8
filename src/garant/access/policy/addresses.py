"""From which networks a tenant can be reached (ASO-16, ASO-22, INT-53, INT-54).

- A rule names one network, says allow or deny, and covers one or more route classes (`public`, `login`, `member`).
- Deny wins over allow, whatever their lengths.
- A class with at least one live allow is closed to every other address; a class without any is open, but for what is denied.
- A rule that has expired is as if it did not exist. Hence an allow that expires never stands alone: it needs a lasting one beside it
  in each of its classes, or its end would open the class to everyone (`opening_by_expiry`).
- `::ffff:a.b.c.d` is the IPv4 address a.b.c.d, in rules as in questions. A zone (`%eth0`) has no meaning here and is refused.
- What people add for themselves is one IPv4 address, or the /64 of their IPv6 address, since its last half changes every day.

    >>> rules = [Rule(parse_network("198.51.100.0/24"), Answer.ALLOW, ("login", "member"))]
    >>> verdict(rules, parse_address("198.51.100.7"), "member", now).value
    'allow'
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from garant.kernel.clock import aware
from garant.kernel.errors import InputError, Refused
from garant.kernel.text import NBSP, Text

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CLASSES = ("public", "login", "member")
"""Classes of routes, as the edge sorts them."""

NEEDED = ("login", "member")
"""What an administrator must still reach after a change of rules, to be able to undo it."""

HOURS = (4, 8, 24, 24 * 7, 24 * 30)
"""For how long a person may ask that their address be open, in hours: a morning, a day's work, a day, a week, a month."""

LONGEST = timedelta(days=366)
"""A temporary rule ends within a year; a longer one is a lasting rule, and says so."""

ANSWER_WITHIN = timedelta(hours=24)
"""A request that nobody has answered by then is expired: the address has most likely changed hands."""

TRANSITIONS = {
    "pending": ("approved", "refused", "expired"),
    "approved": ("expired",),
    "auto": ("expired",),
    "refused": (),
    "expired": (),
}
"""States of a request for an address. `auto`: opened without a person's approval, as the tenant decided."""

MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


class Answer(StrEnum):
    """What the rules say of an address."""

    ALLOW = "allow"
    DENY = "deny"


class BadNetwork(InputError):
    """Somebody typed something that is not a network. `text`: what to write instead, in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class LockOut(Refused):
    """A change of rules that must be confirmed: it would shut its author out, or open the door to everyone. `text`: in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


@dataclass(frozen=True)
class Rule:
    """One rule. `expires_at`: aware; from that moment on the rule no longer exists; None: until removed."""

    network: Network
    answer: Answer
    classes: tuple[str, ...]
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.classes or not set(self.classes) <= set(CLASSES):
            raise ValueError(f"classes are some of {', '.join(CLASSES)}, not {self.classes!r}")

    def live(self, now: datetime) -> bool:
        return self.expires_at is None or aware(now) < aware(self.expires_at)


def parse_address(text: str) -> Address:
    """The address in `text`, IPv4-mapped ones as IPv4. Raises BadNetwork."""
    text = text.strip()
    if "%" in text:
        raise _zone(text)
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise BadNetwork(
            Text(
                f"«{NBSP}{text}{NBSP}» n’est pas une adresse IP. Écrivez par exemple 198.51.100.7 ou 2001:db8::7.",
                f"“{text}” is not an IP address. Write for example 198.51.100.7 or 2001:db8::7.",
            )
        ) from None
    return unmapped(found)


def unmapped(address: Address) -> Address:
    """The IPv4 address behind `::ffff:a.b.c.d`; any other address as it is."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def parse_network(text: str) -> Network:
    """The network in `text`: an address alone is a network of one. Raises BadNetwork, which says what to write."""
    text = text.strip()
    address_part, slash, prefix_part = text.partition("/")
    if "%" in text:
        raise _zone(text)
    if slash and not (prefix_part.isascii() and prefix_part.isdigit()):
        raise _malformed(text)
    try:
        address = ipaddress.ip_address(address_part)
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise _malformed(text) from None
    if found.network_address != address:
        whole, alone = _mapped(found), ipaddress.ip_network(unmapped(address))
        raise BadNetwork(
            Text(
                f"«{NBSP}{text}{NBSP}» désigne à la fois une adresse et un réseau. "
                f"Écrivez {whole} pour tout le réseau, ou {alone} pour cette seule adresse.",
                f"“{text}” names both an address and a network. Write {whole} for the whole network, or {alone} for this address alone.",
            )
        )
    return _mapped(found)


def own_network(address: Address) -> Network:
    """The network that a person adds for themselves: their IPv4 address, or the /64 around their IPv6 address (ASO-36)."""
    address = unmapped(address)
    length = 32 if isinstance(address, ipaddress.IPv4Address) else 64
    return ipaddress.ip_network((address, length), strict=False)


def verdict(rules: Iterable[Rule], address: Address, kind: str, now: datetime) -> Answer:
    """Whether `address` may reach routes of class `kind` at `now`: deny wins, then any live allow closes the rest."""
    address = unmapped(address)
    confined = allowed = False
    for rule in rules:
        if kind not in rule.classes or not rule.live(now):
            continue
        inside = address.version == rule.network.version and address in rule.network
        if rule.answer is Answer.DENY:
            if inside:
                return Answer.DENY
        else:
            confined = True
            allowed = allowed or inside
    return Answer.DENY if confined and not allowed else Answer.ALLOW


def confined(rules: Iterable[Rule], now: datetime) -> tuple[str, ...]:
    """Classes that are closed but for a list of allowed networks, in the order of `CLASSES`."""
    found = {kind for rule in rules if rule.answer is Answer.ALLOW and rule.live(now) for kind in rule.classes}
    return tuple(kind for kind in CLASSES if kind in found)


def open_to_all(rules: Iterable[Rule], now: datetime) -> tuple[str, ...]:
    """Classes whose list names, in one rule or in several together, every IPv4 or every IPv6 address: no list at all."""
    allows = [rule for rule in rules if rule.answer is Answer.ALLOW and rule.live(now)]
    return tuple(kind for kind in CLASSES if _whole([rule.network for rule in allows if kind in rule.classes]))


def _whole(networks: Sequence[Network]) -> bool:
    four = [each for each in networks if isinstance(each, ipaddress.IPv4Network)]
    six = [each for each in networks if isinstance(each, ipaddress.IPv6Network)]
    together: list[Network] = [*ipaddress.collapse_addresses(four), *ipaddress.collapse_addresses(six)]
    return any(each.prefixlen == 0 for each in together)


def opening_by_expiry(rules: Sequence[Rule], now: datetime) -> tuple[str, ...]:
    """Classes that would open to everyone when their temporary allows end, because no lasting allow stands beside them."""
    lasting = {kind for rule in rules if rule.answer is Answer.ALLOW and rule.expires_at is None for kind in rule.classes}
    return tuple(kind for kind in confined(rules, now) if kind not in lasting)


def locks_out(rules_after: Iterable[Rule], address: Address, now: datetime) -> bool:
    """Whether somebody at `address` could no longer sign in and come back to undo the change."""
    rules = tuple(rules_after)
    return any(verdict(rules, address, kind, now) is Answer.DENY for kind in NEEDED)


def unconfined(before: Sequence[Rule], after: Sequence[Rule], now: datetime) -> tuple[str, ...]:
    """Classes that a change would open to every address that is not denied."""
    still = confined(after, now)
    return tuple(kind for kind in confined(before, now) if kind not in still)


def may_become(state: str, wanted: str) -> bool:
    """Whether a request in `state` may go over to `wanted`."""
    return wanted in TRANSITIONS.get(state, ())


def opened_for(mode: str, asked: int, limit: int) -> int | None:
    """Hours that a request opens by itself, or None when a person must approve it. `limit`: the tenant's hours. Mode: see settings."""
    return min(asked, limit) if mode == "hours" else None


def checked_expiry(expires_at: datetime | None, now: datetime) -> datetime | None:
    """An end that lies ahead, within a year; None: lasting. Raises BadNetwork."""
    if expires_at is None:
        return None
    if not timedelta(0) < aware(expires_at) - aware(now) <= LONGEST:
        raise BadNetwork(
            Text(
                "La fin d’une autorisation temporaire doit être à venir, dans moins d’un an. Sans fin, laissez le champ vide.",
                "The end of a temporary rule must lie ahead, within a year. For a rule without end, leave the field empty.",
            )
        )
    return aware(expires_at)


def checked_classes(classes: Iterable[str]) -> tuple[str, ...]:
    """Known classes, once each, in their order. Raises BadNetwork for none or an unknown one."""
    asked = set(classes)
    if not asked or not asked <= set(CLASSES):
        raise BadNetwork(
            Text(
                "Choisissez au moins une sorte de pages\N{NO-BREAK SPACE}: publiques, de connexion ou réservées.",
                "Choose at least one kind of pages: public, sign-in or reserved.",
            )
        )
    return tuple(kind for kind in CLASSES if kind in asked)


def _mapped(network: Network) -> Network:
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(MAPPED):
        inside = network.network_address.ipv4_mapped
        assert inside is not None
        return ipaddress.IPv4Network((inside, network.prefixlen - 96))
    return network


def _zone(text: str) -> BadNetwork:
    bare = text.partition("%")[0] or "fe80::1"
    return BadNetwork(
        Text(
            f"«{NBSP}{text}{NBSP}» contient une zone (%…), qui n’a de sens que sur un seul poste. "
            f"Écrivez l’adresse sans elle, comme {bare}.",
            f"“{text}” holds a zone (%…), which means something on one machine only. Write the address without it, such as {bare}.",
        )
    )


def _malformed(text: str) -> BadNetwork:
    return BadNetwork(
        Text(
            f"«{NBSP}{text}{NBSP}» n’est ni une adresse ni un réseau. "
            "Écrivez par exemple 198.51.100.7, 198.51.100.0/24 ou 2001:db8:12::/48.",
            f"“{text}” is neither an address nor a network. Write for example 198.51.100.7, 198.51.100.0/24 or 2001:db8:12::/48.",
        )
    )
