"""Networks in which tries are counted together, and the proportions of the limits."""

import ipaddress

import pytest
from allauth.core.internal.ratelimit import parse_rates

from garant.access.policy import tries


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_the_network_of_an_address(address: str, network: str) -> None:
    assert tries.network_of(ipaddress.ip_address(address)) == network


def test_one_network_alone_never_reaches_the_ceiling() -> None:
    near, (ceiling,) = parse_rates(tries.NEAR), parse_rates(tries.EVERYWHERE)
    assert min(rate.amount * max(1, ceiling.duration / rate.duration) for rate in near) < ceiling.amount / 2
