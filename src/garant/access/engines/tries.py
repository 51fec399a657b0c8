"""Counts of tries of a password, over all processes: kept in the shared cache, taken one at a time (`policy.tries` has the numbers)."""

from typing import Any

from allauth.core.internal import ratelimit
from allauth.core.internal.ratelimit import RateLimitUsage

from garant.access.policy import tries
from garant.access.policy.tries import Door
from garant.identity.queries import login_key
from garant.identity.service import current_tenant

APP = "garant.access"


def take(request: Any, *, door: Door, login: str) -> RateLimitUsage | None:
    """One try for this name, at this door, from the address of the request; None when there is none left.

    The name is counted in its tenant, as it is looked up. A right password gives the try back (`rollback`).
    """
    network, name = tries.network_of(request.visit.address), login_key(login)
    near = _consume(request, f"{door}.near", f"{tries.PER_ADDRESS},{tries.NEAR}", f"{current_tenant()}|{network}|{name}")
    if near is None:
        return None
    everywhere = _consume(request, f"{door}.everywhere", tries.EVERYWHERE, f"{current_tenant()}|{name}")
    return None if everywhere is None else RateLimitUsage([*near.usage, *everywhere.usage])


def _consume(request: Any, action: str, rates: str, key: str) -> RateLimitUsage | None:
    return ratelimit.consume(request, app=APP, action=action, config={action: rates}, key=key, limit_get=True)
