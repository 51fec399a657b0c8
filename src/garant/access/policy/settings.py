"""What a tenant may choose about the way in, and what a new tenant starts with (ASO-18, ASO-19).

- `factor_rule`: `required` (the start: nobody comes in without a second factor), `recommended` (people are urged at each login, and
  the share that enrolled is measured), `off`.
- `idle`: a session unused for that long is over. `absolute`: a session is over after that long, used or not.
- `binding`: how far a session may move. `address`: nowhere; `network` (the start): within the /24, or the /56 for IPv6; `off`.
- `address_mode`: what "authorise this address" does. `approve` (the start): an administrator decides; `hours`: it opens at once for
  `address_life`; `off`.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from garant.kernel.errors import InputError


class FactorRule(StrEnum):
    """Whether a second factor is asked of everybody."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    OFF = "off"


class Binding(StrEnum):
    """How far from the address of its login a session may be used."""

    ADDRESS = "address"
    NETWORK = "network"
    OFF = "off"


class AddressMode(StrEnum):
    """What becomes of a request to authorise an address."""

    APPROVE = "approve"
    HOURS = "hours"
    OFF = "off"


@dataclass(frozen=True)
class AccessSettings:
    """One tenant's choices; without any, these are the defaults."""

    factor_rule: FactorRule = FactorRule.REQUIRED
    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)
    binding: Binding = Binding.NETWORK
    address_mode: AddressMode = AddressMode.APPROVE
    address_life: timedelta = timedelta(hours=8)

    @property
    def idle_minutes(self) -> int:
        return self.idle // timedelta(minutes=1)

    @property
    def absolute_hours(self) -> int:
        return self.absolute // timedelta(hours=1)

    @property
    def address_hours(self) -> int:
        return self.address_life // timedelta(hours=1)


def checked(settings: AccessSettings) -> AccessSettings:
    """`settings`, or InputError saying which bound is crossed. The database holds the same bounds."""
    if not timedelta(minutes=5) <= settings.idle <= timedelta(days=1):
        raise InputError("the idle limit is between 5 minutes and 24 hours")
    if not timedelta(hours=1) <= settings.absolute <= timedelta(days=7):
        raise InputError("the longest session is between 1 hour and 7 days")
    if not timedelta(hours=1) <= settings.address_life <= timedelta(hours=24):
        raise InputError("an address opens for 1 to 24 hours")
    if settings.idle > settings.absolute:
        raise InputError("the idle limit cannot be longer than the longest session")
    return settings
