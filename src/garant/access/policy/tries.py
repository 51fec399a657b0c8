"""How often a password may be tried for one name, and from how near. Pure (see the decision on sign-in limits, 0014).

- Within one network (a /24, a /64) a name has five tries in five minutes and twenty in an hour: a stranger elsewhere keeps nobody out.
- From everywhere together it has fifty in an hour: many networks do not multiply a guesser's tries without end. A single network never
  reaches that ceiling by itself.
- Each door has counts of its own: what is typed on a page that anybody reaches is not held against the person at the login.
"""

import ipaddress
from enum import StrEnum

PREFIX = {4: 24, 6: 64}
"""Length of the network whose tries are counted together, by IP version."""

PER_ADDRESS = "10/m/ip"
NEAR = "5/300s/key,20/h/key"
EVERYWHERE = "50/h/key"


class Door(StrEnum):
    """Where a password is typed."""

    LOGIN = "login"
    ADDRESS = "address"
    AGAIN = "again"


def network_of(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """The network in which tries are counted together; an IPv4-mapped address is its IPv4 one."""
    plain = getattr(address, "ipv4_mapped", None) or address
    return str(ipaddress.ip_network((plain, PREFIX[plain.version]), strict=False))
