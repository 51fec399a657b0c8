"""Tries the door from addresses that may not come in (ASO-16, ASO-22, INT-53, INT-54).

Aspects: `tenant_data` (pages with data), `tenant_url` (anything at the tenant's address, the sign-in page included), `allow` (the
list lets its own in and nobody else), `deny` (a refused range is refused although it would otherwise be let in).

A tenant counts as tried only if somebody could have been let in besides: an `allow` that lets nobody in is not seen to let its own in,
and a refused range where all are refused says nothing. An answer that is neither admission nor refusal ends the run without a verdict.

Each run asks the trust page too, from the same address: it must be seen to pass. A run that could not tell an open page is void.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from garant.access.engines.probes import (
    PASSED,
    REFUSED,
    STRANGERS,
    UNCLEAR,
    WITNESS,
    Repair,
    Site,
    client,
    insider,
    mark,
    outcome,
    population,
    rules_of,
    stranger,
    unclear,
)
from garant.access.policy.addresses import Answer, Rule, confined, open_to_all, parse_address, parse_network, verdict
from garant.access.policy.judges import OF_EVERYBODY
from garant.drivers.process import Deadline
from garant.identity.queries import TenantFacts
from garant.kernel.canonical import Json
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise

PATHS = {
    "tenant_data": ("/", "/fr/", "/en/", "/no-such-page"),
    "tenant_url": (
        "/",
        "/.garant/login/",
        "/.garant/fr/login/",
        "/.garant/en/login/",
        "/.garant/fr/console/",
        "/robots.txt",
        "//",
        "/%2e/",
    ),
    "allow": ("/", "/.garant/fr/login/"),
    "deny": ("/", "/.garant/fr/login/"),  # and the application's public paths, where the refusal of a range makes all the difference
}
ODD = ("//", "/%2e/")
"""Spellings that the door may refuse as such, before it looks at who asks."""

REACH = 2.0
"""Seconds within which a change of rules reaches every edge (DESIGN, times to refusal)."""

REFUSED_FROM = str(parse_network(WITNESS)[1])


@dataclass(frozen=True)
class Trial:
    """What one tenant's door did. `passes`: what should have been refused and was not; `shut`: what should have passed and did not."""

    tries: int
    passes: tuple[tuple[str, int], ...] = ()
    shut: tuple[tuple[str, int], ...] = ()


class NetworkProbe:
    """The engine. `repair` brings a tenant's published rules back; `running` compares the edges that run with what they should hold."""

    def __init__(self, site: Site, *, repair: Repair, witness: Repair, running: Callable[[], Sequence[str]]) -> None:
        self.site, self._repair, self._witness, self._running = site, repair, witness, running

    def apply(self, promise: Promise) -> Sequence[str]:
        """Published and running rules are those of the table; what was not, in words."""
        drift: list[str] = []
        for tenant in population():
            drift += self._repair(tenant, self.site.now)
            if promise.parameters.get("aspect") == "deny":
                self._witness(tenant, self.site.now)
        return [*drift, *self._running()]

    def observe(self, promise: Promise) -> Observation:
        aspect = str(promise.parameters.get("aspect", "tenant_url"))
        if aspect not in PATHS:
            raise EngineError(f"access.network has no aspect {aspect!r}")
        everyone, now = population(), self.site.now
        tried: list[int] = []
        without: list[Json] = []
        unprobed: list[Json] = []
        passes: list[Json] = []
        shut: list[Json] = []
        for tenant in everyone:
            found = rules_of(tenant)
            if aspect != "deny" and not _listed(found, aspect, now):
                without.append(mark(tenant))
                continue
            trial = self._try(tenant, found, aspect, now)
            if trial is None:
                unprobed.append(mark(tenant))
                continue
            tried.append(trial.tries)
            passes += [{"tenant": mark(tenant), "path": path, "status": status} for path, status in trial.passes]
            shut += [{"tenant": mark(tenant), "path": path, "status": status} for path, status in trial.shut]
        facts: dict[str, Json] = {
            "aspect": aspect,
            "tenants": len(tried),
            "tries": sum(tried),
            "passes": passes,
            "shut": shut,
            "without_list": len(without),
            "unprobed": len(unprobed),
            "open": without if aspect in OF_EVERYBODY else [],
            "unreached": unprobed,
        }
        # A customer without a list was looked at too, where the sentence is about every customer.
        seen = len(tried) + (len(without) if aspect in OF_EVERYBODY else 0)
        return Observation(seen, seen + len(unprobed), facts, self._canary())

    def _try(self, tenant: TenantFacts, found: Sequence[Rule], aspect: str, now: datetime) -> Trial | None:
        source = _refused_source(found, aspect, now)
        welcome = _welcome(found, aspect, now)
        if source is None or (aspect in ("allow", "deny") and not welcome):
            return None
        passes = []
        refused = (*PATHS[aspect], *(_public() if aspect == "deny" else ()))
        for path in refused:
            said, status = self._ask(tenant, path, source)
            if said == PASSED and self._still(tenant, path, source, aspect):
                passes.append((path, status))
        asked = [(path, *self._ask(tenant, path, address)) for address, path in welcome]
        shut = [(path, status) for path, said, status in asked if said == REFUSED]
        return Trial(len(refused) + len(asked), tuple(passes), tuple(shut))

    def _ask(self, tenant: TenantFacts, path: str, source: str) -> tuple[str, int]:
        """Refused or passed, with the status. Raises EngineError for an answer that is neither: a page of the application may be behind."""
        answer = self.site.ask(tenant, path, source=source)
        if path in ODD and answer.status in (400, 421):
            return REFUSED, answer.status
        if outcome(answer) == UNCLEAR:
            raise unclear(f"{client(tenant)}{path}", answer.status)
        return outcome(answer), answer.status

    def _still(self, tenant: TenantFacts, path: str, source: str, aspect: str) -> bool:
        """Whether the address still passes, and still should not, when a change of rules would have reached every edge."""
        for _ in Deadline(REACH).tries(0.25):
            if self._ask(tenant, path, source)[0] == REFUSED:
                return False
        return _refused_source(rules_of(tenant), aspect, self.site.now) is not None

    def _canary(self) -> Canary:
        """An open page, asked from a stranger's address, must be reported as letting in."""
        answer = self.site.probe.ask(self.site.deployment.base, "/fr/", source=REFUSED_FROM)
        return Canary.HELD if outcome(answer) == PASSED and answer.status == 200 else Canary.MISSED


def _welcome(found: Sequence[Rule], aspect: str, now: datetime) -> list[tuple[str, str]]:
    """Addresses that must be let in besides, each with a path; empty: nobody that a probe could be."""
    if aspect not in ("allow", "deny"):
        return []
    inside = insider(found, now)
    asked = [(inside, path) for path in PATHS[aspect]] if inside is not None else []
    if aspect == "deny" and verdict(found, parse_address(STRANGERS[0]), "public", now) is Answer.ALLOW:
        asked += [(STRANGERS[0], path) for path in _public()]
    return asked


def _public() -> tuple[str, ...]:
    return tuple(route.prefix for route in settings.GARANT.application.routes if route.kind == "public")


def _listed(found: Sequence[Rule], aspect: str, now: datetime) -> bool:
    """Whether a list closes what the aspect is about; one that names every address is none."""
    wanted = ("login", "member") if aspect in ("tenant_url", "allow") else ("member",)
    return set(wanted) <= set(confined(found, now)) - set(open_to_all(found, now))


def _refused_source(found: Sequence[Rule], aspect: str, now: datetime) -> str | None:
    if aspect != "deny":
        return stranger(found, "login" if aspect == "tenant_url" else "member", now)
    denies = [rule for rule in found if rule.answer is Answer.DENY]
    here = parse_address(REFUSED_FROM)
    return REFUSED_FROM if all(verdict(denies, here, kind, now) is Answer.DENY for kind in ("login", "member")) else None
