"""Follows every customer's address as a person would type it, through the public door, from an address that the customer lets in."""

from collections.abc import Callable, Mapping, Sequence

from garant.continuity.policy import completeness
from garant.drivers.http_probe import HttpProbe
from garant.drivers.process import Deadline
from garant.identity import queries as identity
from garant.identity.service import tenant_transaction
from garant.kernel.canonical import Json
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise
from garant.kernel.text import NBSP, Text
from garant.kernel.visitor import Sources

SHELL = "<!doctype html><title>x</title><div id=app></div><script src=app.js></script>"
ABSENT = "aucun-client-ici"
REACH = 2.0
"""Seconds within which a change of rules reaches every edge: what an address answers meanwhile is looked at again."""

Hosts = Callable[[], Mapping[str, str]]
"""Host names that are served, each with the name under which facts speak of it: facts are published, a list of customers is not."""


def served_hosts() -> Mapping[str, str]:
    """Every host that answers: a suspended customer's does not. Reads the database in a transaction of its own."""
    with tenant_transaction(None, scope="operator"):
        tenants = {tenant.slug: tenant for tenant in identity.tenants() if not tenant.suspended}
        named = {host: tenants[slug] for host, slug in identity.hosts().items() if slug in tenants}
    return {host: host if named[host].operator else f"client {named[host].id.hex[:8]}" for host in sorted(named)}


class Addresses:
    """`sources`: from where each host may be reached; one that lets no address of this machine in is not checked, and counts as such."""

    def __init__(self, deployment: Deployment, sources: Sources, hosts: Hosts = served_hosts) -> None:
        self._deployment, self._sources, self._hosts = deployment, sources, hosts

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002 - the protocol's name
        """What each address leads to. The canaries: a host that nobody owns, and a page that only scripts would fill."""
        hosts = self._hosts()
        if not hosts:
            raise EngineError(Text(f"aucune adresse n’est servie{NBSP}: il n’y a aucun client.", "no host is served: no tenant exists"))
        place = self._deployment
        asked = HttpProbe(connect=place.connect, port=place.https, authority=place.authority, limit=2_000_000)
        followed: dict[str, Json] = {}
        unchecked: list[Json] = []
        for host, label in hosts.items():
            seen = self._settled(asked, host, label)
            if seen is None:
                unchecked.append(label)
            else:
                followed[label] = seen
        nobody = self._follow(asked, f"{ABSENT}.{place.base}", "", ABSENT)
        held = not nobody["complete"] and not completeness(SHELL)
        facts: dict[str, Json] = {"hosts": followed, "unchecked": unchecked}
        return Observation(len(followed), len(hosts), facts, Canary.HELD if held else Canary.MISSED)

    def _settled(self, asked: HttpProbe, host: str, label: str) -> Mapping[str, Json] | None:
        """What an address leads to, from an address that its rules let in, both now and when a change of rules has reached the edge;
        None when they let in no address of this machine."""
        for _ in Deadline(REACH).tries(0.25):
            source = self._sources().get(host, "")
            if not source:
                return None
            seen = self._follow(asked, host, source, label)
            if seen["complete"]:
                break
        return seen

    def _follow(self, asked: HttpProbe, host: str, source: str, label: str) -> Mapping[str, Json]:
        """Status, type and completeness of the page at the end of the redirects; an address that does not answer is not complete."""
        try:
            browser = asked.browser(host, source=source, name=label)
            answer = browser.follow(browser.get("/"))
        except EngineError as error:
            return {"status": 0, "type": str(error)[:200], "complete": ""}
        kind = answer.header("content-type").partition(";")[0].strip()
        whole = answer.status == 200 and kind == "text/html" and not answer.truncated
        return {"status": answer.status, "type": kind, "complete": completeness(answer.text) if whole else ""}
