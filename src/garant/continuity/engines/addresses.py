"""Follows every tenant's address as a person would type it, through the public door, from an address that the tenant lists."""

from collections.abc import Callable, Mapping, Sequence

from garant.continuity.policy import completeness
from garant.drivers.http_probe import HttpProbe
from garant.identity import queries as identity
from garant.identity.service import tenant_transaction
from garant.kernel.canonical import Json
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise

SHELL = "<!doctype html><title>x</title><div id=app></div><script src=app.js></script>"
ABSENT = "aucun-client-ici"

Hosts = Callable[[], Mapping[str, str]]
"""Host names that are served, each with the name under which facts speak of it: facts are published, a list of customers is not."""


def served_hosts() -> Mapping[str, str]:
    """Every host that answers. Reads the database in a transaction of its own."""
    with tenant_transaction(None, scope="operator"):
        tenants = {tenant.slug: tenant for tenant in identity.tenants()}
        named = {host: tenants[slug] for host, slug in identity.hosts().items()}
    return {host: host if named[host].operator else f"client {named[host].id.hex[:8]}" for host in sorted(named)}


class Addresses:
    """`source`: the address that the probe speaks from; it must be one that every tenant admits. Default: the machine's own."""

    def __init__(self, deployment: Deployment, hosts: Hosts = served_hosts, source: str = "") -> None:
        self._deployment, self._hosts, self._source = deployment, hosts, source

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002 - the protocol's name
        """What each address leads to. The canaries: a host that nobody owns, and a page that only scripts would fill."""
        hosts = self._hosts()
        if not hosts:
            raise EngineError("no host is served: no tenant exists")
        place = self._deployment
        asked = HttpProbe(connect=place.connect, port=place.https, authority=place.authority, limit=2_000_000)
        facts: dict[str, Json] = {"hosts": {label: self._follow(asked, host) for host, label in hosts.items()}, "source": self._source}
        nobody = self._follow(asked, f"{ABSENT}.{place.base}")
        held = not nobody["complete"] and not completeness(SHELL)
        return Observation(len(hosts), len(hosts), facts, Canary.HELD if held else Canary.MISSED)

    def _follow(self, asked: HttpProbe, host: str) -> Mapping[str, Json]:
        """Status, type and completeness of the page at the end of the redirects; an address that does not answer is not complete."""
        try:
            browser = asked.browser(host, source=self._source)
            answer = browser.follow(browser.get("/"))
        except EngineError as error:
            return {"status": 0, "type": str(error).replace(host, "")[:200], "complete": ""}
        kind = answer.header("content-type").partition(";")[0].strip()
        whole = answer.status == 200 and kind == "text/html" and not answer.truncated
        return {"status": answer.status, "type": kind, "complete": completeness(answer.text) if whole else ""}
