"""Which hosts and pages are in scope: those of every tenant, through the public door."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from garant.drivers.http_probe import HttpProbe
from garant.identity import queries as identity
from garant.identity.service import tenant_transaction
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError

PROOF = re.compile(r'href="(/(?:fr|en)/engagements/[a-z0-9-]+/[A-Z]+-[0-9]+/)"')
PROOFS = 3
"""Proof pages per language that stand for all: they share one template."""

Hosts = Callable[[], Sequence[str]]


@dataclass(frozen=True)
class Place:
    """One page. `cookie`: what a signed-in visitor would send, empty for a stranger."""

    host: str
    path: str
    cookie: str = ""


def served_hosts() -> Sequence[str]:
    """Every host that answers, the operator's first. Reads the database in a transaction of its own."""
    with tenant_transaction(None, scope="operator"):
        slugs = identity.hosts()
        first = {tenant.slug for tenant in identity.tenants() if tenant.operator}
    if not slugs:
        raise EngineError("no host is served: no tenant exists")
    return sorted(slugs, key=lambda host: (slugs[host] not in first, host))


def probe(deployment: Deployment, *, seconds: float = 15.0) -> HttpProbe:
    """A stranger's HTTPS client on this deployment."""
    return HttpProbe(connect=deployment.connect, port=deployment.https, authority=deployment.authority, limit=2_000_000, seconds=seconds)


def open_pages(deployment: Deployment, hosts: Sequence[str]) -> Sequence[Place]:
    """The pages that anyone may read: trust page and proofs, in both languages, and the sign-in page of every host."""
    asked = probe(deployment)
    found = [Place(deployment.base, f"/{language}/") for language in ("fr", "en")]
    for place in tuple(found):
        proofs = sorted(set(PROOF.findall(asked.ask(place.host, place.path).text)))
        found += [Place(place.host, path) for path in proofs[:PROOFS]]
    for host in hosts:
        found += [Place(host, f"/.garant/{language}/login/") for language in ("fr", "en")]
    return found
