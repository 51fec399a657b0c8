"""The application's side of the door, shared by every middleware: pure, but for the key file and the clock it is given.

Rules:
- a request without a valid assertion passes only on a public path, and then as nobody
- the tenant is that of the host, which the application knows by itself; an assertion for another tenant is refused
- the plain headers (`X-Garant-User` and its like) are thrown away, and written again from the assertion that was verified
- the assertion header occurs once; two of them, or an `X_Garant_Assertion` beside it, are refused
- a path that a server could read in two ways is never public
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from garant.kernel.clock import Clock, SystemClock
from garant.sdk.assertion import LEEWAY, SLUG, Identity, verify_assertion
from garant.sdk.errors import AssertionMalformed, AssertionMissing, AssertionRefused
from garant.sdk.keys import KeySet

ASSERTION = "x-garant-assertion"
OURS = re.compile(r"x[-_]garant[-_].*", re.IGNORECASE | re.DOTALL)
ODD = re.compile(r"(^|/)\.\.?(/|$)|//|[\\;%\x00-\x1f\x7f]")
REFUSAL = (
    "Connexion requise : cette page s'ouvre par l'adresse de votre organisation.\n"
    "Sign-in required: open this page through your organisation's address.\n"
)


@dataclass(frozen=True, slots=True)
class Passage:
    """What the gate knows of a request it lets through. `tenant`: slug of the host, empty when the host names none."""

    tenant: str
    identity: Identity | None

    def headers(self) -> list[tuple[str, str]]:
        """The plain identity headers, from verified facts only; none for an anonymous visitor."""
        if self.identity is None:
            return []
        return [
            ("x-garant-tenant", self.identity.tenant),
            ("x-garant-user", str(self.identity.user)),
            ("x-garant-roles", ",".join(sorted(self.identity.roles))),
        ]


def tenant_of_host(host: str) -> str:
    """The first label of a host name with at least two: `saint-elan` for `saint-elan.example.org:8443`; else empty."""
    name = host.strip().lower().partition(":")[0]
    label, dot, rest = name.partition(".")
    return label if dot and rest and SLUG.fullmatch(label) else ""


@dataclass(frozen=True)
class Gate:
    """Lets requests through, or refuses them.

    `application`: its name in the edge's configuration. `public`: path prefixes that need no identity; one that does not end
    with `/` is that path and no other. `tenant_of`: the tenant's slug for a Host header. `leeway`: clock difference allowed.
    """

    keys: KeySet
    application: str
    public: tuple[str, ...] = ()
    tenant_of: Callable[[str], str] = tenant_of_host
    clock: Clock = field(default_factory=SystemClock)
    leeway: timedelta = LEEWAY

    def admit(self, *, host: str, path: str, headers: Iterable[tuple[str, str]]) -> Passage:
        """The passage of a request. Raises AssertionRefused when it may not pass. `path`: decoded, without the query."""
        tenant = self.tenant_of(host)
        try:
            return Passage(tenant, self._identify(tenant, headers))
        except AssertionRefused:
            if self.is_public(path):
                return Passage(tenant, None)
            raise

    def is_public(self, path: str) -> bool:
        """Whether `path` needs no identity."""
        if ODD.search(path):
            return False
        return any(path.startswith(prefix) if prefix.endswith("/") else path == prefix for prefix in self.public)

    def _identify(self, tenant: str, headers: Iterable[tuple[str, str]]) -> Identity:
        found = [value for name, value in headers if name.lower().replace("_", "-") == ASSERTION]
        if not found:
            raise AssertionMissing
        if len(found) > 1 or not tenant:
            raise AssertionMalformed
        return verify_assertion(found[0], keys=self.keys, audience=f"{tenant}/{self.application}", now=self.clock.now(), leeway=self.leeway)


def is_ours(name: str) -> bool:
    """Whether a header is one that only the edge may set, in any of its spellings."""
    return OURS.fullmatch(name) is not None
