"""Lives through what a customer lives through when an address must be opened (ASO-23, ASO-35, ASO-36).

Aspects, each on every tenant that is confined to a list:
- `further_address`: an administrator's verb allows one more address; it gets in within seconds, and is out again when it is removed.
- `temporary`: from an address that nobody listed, an administrator asks on the page that answers from anywhere, works, and the
  opening ends by itself.
- `cellular`: the same for a member whose administrator approves, over a line as slow as a poor LTE one, pages weighed.

The planted fault: before it is opened the address must be refused, and the probe must see that.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from garant.access.engines.probes import LOGIN_PAGE, PASSED, REFUSED, Canaries, Canary, Site, outcome, population, rules_of, stranger, token
from garant.access.policy.addresses import confined
from garant.access.policy.totp import code, step_of
from garant.drivers.http_probe import Answer
from garant.drivers.process import Deadline
from garant.identity.queries import TenantFacts
from garant.kernel.canonical import Json
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary as Planted
from garant.kernel.promise import Observation, Promise

PAGE = "/.garant/fr/address/"
REACH = 10.0
"""Seconds within which a change must be felt at the door; the figure that is published is what it took."""

LTE_BYTES_A_SECOND = 60_000
"""Half a megabit: a cell at its edge."""


class Acts(Protocol):
    """What the probe does as the tenant's administrator or clock would (`access.promises`), each in its own transaction."""

    def allow(self, tenant: TenantFacts, network: str, at: datetime) -> uuid.UUID: ...

    def remove(self, tenant: TenantFacts, rule: uuid.UUID, at: datetime) -> None: ...

    def approve_newest(self, tenant: TenantFacts, user: uuid.UUID, at: datetime) -> bool: ...

    def opened(self, tenant: TenantFacts, network: str) -> tuple[uuid.UUID, datetime | None] | None: ...

    def expire(self, tenant: TenantFacts, rule: uuid.UUID, at: datetime) -> int: ...

    def mode(self, tenant: TenantFacts) -> str: ...

    def entries(self, tenant: TenantFacts, subject: str) -> list[str]: ...


@dataclass(frozen=True)
class Drill:
    """What one tenant's drill showed. Milliseconds; `size`: heaviest page in bytes as sent; `problem`: what went wrong, as a code."""

    before: str
    opened_ms: int = 0
    closed_ms: int = 0
    size: int = 0
    slowest_ms: int = 0
    problem: str = ""


class AddressProbe:
    """The engine."""

    def __init__(self, site: Site, slow: Site, canaries: Canaries, acts: Acts) -> None:
        self.site, self.slow, self._canaries, self.acts = site, slow, canaries, acts

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the network measure looks after drift
        return ()

    def observe(self, promise: Promise) -> Observation:
        aspect = str(promise.parameters.get("aspect", "further_address"))
        drills: dict[str, Callable[[TenantFacts, str], Drill]] = {
            "further_address": self._further,
            "temporary": self._temporary,
            "cellular": self._cellular,
        }
        if aspect not in drills:
            raise EngineError(f"access.address_request has no aspect {aspect!r}")
        scope, done = [], []
        for tenant in population():
            found = rules_of(tenant)
            if not {"login", "member"} <= set(confined(found, self.site.now)):
                continue
            if aspect != "further_address" and self.acts.mode(tenant) == "off":
                continue
            scope.append(tenant)
            source = stranger(found, "member", self.site.now)
            if source is not None:
                done.append(drills[aspect](tenant, source))
        facts: dict[str, Json] = {
            "aspect": aspect,
            "tenants": len(done),
            "opened_ms": max((drill.opened_ms for drill in done), default=0),
            "closed_ms": max((drill.closed_ms for drill in done), default=0),
            "heaviest_bytes": max((drill.size for drill in done), default=0),
            "slowest_ms": max((drill.slowest_ms for drill in done), default=0),
            "problems": sorted({drill.problem for drill in done if drill.problem}),
        }
        held = Planted.HELD if all(drill.before == REFUSED for drill in done) else Planted.MISSED
        return Observation(len(done), len(scope), facts, held if done else Planted.NONE)

    def _further(self, tenant: TenantFacts, source: str) -> Drill:
        before = self._door(tenant, source)
        rule = self.acts.allow(tenant, f"{source}/32", self.site.now)
        try:
            opened = self._wait(tenant, source, PASSED)
        finally:
            self.acts.remove(tenant, rule, self.site.now)
        closed = self._wait(tenant, source, REFUSED)
        logged = self.acts.entries(tenant, str(rule))
        return Drill(before, opened or 0, closed or 0, problem=_problem(opened, closed, "" if len(logged) >= 2 else "not_logged"))

    def _temporary(self, tenant: TenantFacts, source: str) -> Drill:
        before = self._door(tenant, source)
        with self._canaries(tenant, roles=("admin", "member"), at=self.site.now) as canary:
            answer = self._ask(self.site, tenant, source, canary)
            return self._opened_drill(tenant, source, before, answer, ())

    def _cellular(self, tenant: TenantFacts, source: str) -> Drill:
        before = self._door(tenant, source)
        with self._canaries(tenant, roles=("member",), at=self.site.now) as canary:
            page = self.slow.ask(tenant, PAGE, source=source)
            answer = self._ask(self.slow, tenant, source, canary)
            if self.acts.mode(tenant) != "hours" and not self.acts.approve_newest(tenant, canary.user, self.site.now):
                return Drill(before, problem=f"not_filed:{answer.status}")
            return self._opened_drill(tenant, source, before, answer, (page, answer))

    def _opened_drill(self, tenant: TenantFacts, source: str, before: str, answer: Answer, pages: Sequence[Answer]) -> Drill:
        found = self.acts.opened(tenant, f"{source}/32")
        if answer.status != 200 or found is None:
            return Drill(before, problem=f"not_filed:{answer.status}")
        rule, ends = found
        try:
            opened = self._wait(tenant, source, PASSED)
            seen = [*pages, self.slow.ask(tenant, LOGIN_PAGE, source=source)] if pages else []
            gone = self.acts.expire(tenant, rule, self.site.now)
        finally:
            self.acts.remove(tenant, rule, self.site.now)
        closed = self._wait(tenant, source, REFUSED)
        lasting = "" if ends is not None and ends - self.site.now <= timedelta(days=31) and gone else "does_not_end"
        return Drill(
            before,
            opened or 0,
            closed or 0,
            max((page.size for page in seen), default=0),
            max((page.ms for page in seen), default=0),
            _problem(opened, closed, lasting),
        )

    def _ask(self, site: Site, tenant: TenantFacts, source: str, canary: Canary) -> Answer:
        browser = site.browser(tenant, source=source)
        page = browser.get(PAGE)
        if page.status != 200:
            return page
        fields = {"login": canary.login, "password": canary.password, "code": code(canary.secret, step_of(self.site.now))}
        return browser.post(PAGE, {**token(page), **fields, "reason": "Essai de Garant", "hours": "4"})

    def _door(self, tenant: TenantFacts, source: str) -> str:
        return outcome(self.site.ask(tenant, LOGIN_PAGE, source=source))

    def _wait(self, tenant: TenantFacts, source: str, wanted: str) -> int | None:
        """Milliseconds until the door answers so; None when it did not in time."""
        deadline = Deadline(REACH)
        for _ in deadline.tries(0.05):
            if self._door(tenant, source) == wanted:
                return int((REACH - deadline.left()) * 1000)
        return None


def _problem(opened: int | None, closed: int | None, other: str) -> str:
    if opened is None:
        return "not_opened"
    return "not_closed" if closed is None else other
