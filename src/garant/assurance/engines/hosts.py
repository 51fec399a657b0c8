"""Which hosts and pages are in scope: those of every tenant, through the public door.

Facts are published, and a list of customers is nobody's business: a tenant's host is named by the first eight digits of its tenant's id.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from garant.drivers.http_probe import HttpProbe
from garant.identity import queries as identity
from garant.identity.service import tenant_transaction
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError

PROOF = re.compile(r'href="(/(?:fr|en)/engagements/[a-z0-9-]+/[A-Za-z]+-[0-9]+/)"')
PROOFS = 2
"""Proof pages per language that stand for all: they share one template."""
SIGN_INS = 3
"""Hosts whose sign-in pages stand for all: tenants share one template too."""

Hosts = Callable[[], Mapping[str, str]]
"""Host names that are served, each with the name under which facts speak of it."""


@dataclass(frozen=True)
class Place:
    """One page. `label`: how facts name its host; `inside`: it is behind sign-in, so that facts tell nothing of what it holds."""

    host: str
    path: str
    label: str
    inside: bool = False

    @property
    def name(self) -> str:
        return f"{self.label}{self.path}"


def served_hosts() -> Mapping[str, str]:
    """Every host that answers to people, the operator's first. Reads the database in a transaction of its own."""
    with tenant_transaction(None, scope="operator"):
        tenants = {tenant.slug: tenant for tenant in identity.tenants()}
        slugs = {host: slug for host, slug in identity.hosts().items() if slug in tenants}
    if not slugs:
        raise EngineError("no host is served: no tenant exists")
    ordered = sorted(slugs, key=lambda host: (not tenants[slugs[host]].operator, host))
    return {host: host if tenants[slugs[host]].operator else f"client {tenants[slugs[host]].id.hex[:8]}" for host in ordered}


def probe(deployment: Deployment, *, seconds: float = 15.0) -> HttpProbe:
    """A stranger's HTTPS client on this deployment."""
    return HttpProbe(connect=deployment.connect, port=deployment.https, authority=deployment.authority, limit=2_000_000, seconds=seconds)


def open_pages(deployment: Deployment, hosts: Mapping[str, str]) -> Sequence[Place]:
    """The pages that anyone may read, each template at least once: trust page, proofs and sign-in, in both languages."""
    asked = probe(deployment)
    found = [Place(deployment.base, f"/{language}/", deployment.base) for language in ("fr", "en")]
    for place in tuple(found):
        proofs = sorted(set(PROOF.findall(asked.ask(place.host, place.path).text)))
        found += [Place(place.host, path, place.label) for path in proofs[:PROOFS]]
    for host, label in list(hosts.items())[:SIGN_INS]:
        found += [Place(host, f"/.garant/{language}/login/", label) for language in ("fr", "en")]
    return list(dict.fromkeys(found))
