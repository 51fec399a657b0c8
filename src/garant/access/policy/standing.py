"""Whether a session still stands: pure. `decide` asks here, and so does the session store itself.

- A session belongs to the tenant whose host made it; on another host it does not exist (cross-tenant replay).
- It ends when unused for the idle limit, and at its absolute limit; what the tenant chose *now* counts, and what was promised at
  login is never lengthened.
- It stays near the address where it was opened, as far as the tenant's binding says (stolen cookie).
- Where a second factor is required, a person's session that passed none does not stand (ASO-19).
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from garant.access.policy.reasons import Reason
from garant.access.policy.settings import AccessSettings, Binding, FactorRule

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NEAR = {4: 24, 6: 56}
"""Prefix length of "the same network" for the binding `network`."""


@dataclass(frozen=True)
class LiveSession:
    """One session's row. `user` None: the login is not complete. `opened_at`: when this login began, across changes of identifier."""

    tenant: UUID
    user: UUID | None
    opened_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    absolute_expires_at: datetime
    address: Address | None
    factor: str


def standing(session: LiveSession, tenant: UUID, settings: AccessSettings, address: Address | None, now: datetime) -> Reason | None:
    """Why the session no longer stands, or None when it does."""
    if session.tenant != tenant:
        return Reason.OTHER_TENANT
    if now >= session.absolute_expires_at or now >= session.opened_at + settings.absolute:
        return Reason.EXPIRED
    if now >= session.expires_at or now >= session.last_seen_at + settings.idle:
        return Reason.IDLE
    if not near(settings.binding, session.address, address):
        return Reason.MOVED
    if session.user is not None and settings.factor_rule is FactorRule.REQUIRED and not session.factor:
        return Reason.FACTOR_MISSING
    return None


def near(binding: Binding, home: Address | None, here: Address | None) -> bool:
    """Whether `here` is near enough to `home`. An unknown address is near nothing but itself."""
    if binding is Binding.OFF:
        return True
    if home is None or here is None:
        return home is here
    home, here = _plain(home), _plain(here)
    if binding is Binding.ADDRESS or home.version != here.version:
        return home == here
    return here in ipaddress.ip_network((home, NEAR[home.version]), strict=False)


def _plain(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
