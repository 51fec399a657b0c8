"""What the protected application imports: who is asking, verified.

The edge signs a short assertion for every request it lets through. This package checks it, with `cryptography` alone, and turns
it into an `Identity`. Nothing that the request says about a person is believed without it.

    keys = KeySet.from_file(Path("/etc/garant/assertion.json"))
    identity = verify_assertion(token, keys=keys, audience="saint-elan/sondage", now=SystemClock().now())
    require_role(identity, "author")

Ready-made middlewares: `garant.sdk.wsgi`, `garant.sdk.asgi`, and the package `garant_django`.
"""

from garant.sdk.assertion import Identity, require_role, verify_assertion
from garant.sdk.errors import AssertionExpired, AssertionForged, AssertionMalformed, AssertionMissing, AssertionRefused, RoleMissing
from garant.sdk.gate import Gate, Passage, tenant_of_host
from garant.sdk.keys import KeySet

__all__ = [
    "AssertionExpired",
    "AssertionForged",
    "AssertionMalformed",
    "AssertionMissing",
    "AssertionRefused",
    "Gate",
    "Identity",
    "KeySet",
    "Passage",
    "RoleMissing",
    "require_role",
    "tenant_of_host",
    "verify_assertion",
]
