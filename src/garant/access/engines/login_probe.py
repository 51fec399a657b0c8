"""Asks for pages that need a person, without one, with one who has no right, and with one who has (ASO-17, INT-32, EHQ-23, EHQ-27, EHQ-45).

- `LoginProbe`: every known path of class `member`, and the ways of writing a public path that lead elsewhere; reading (`before_data`)
  and, besides, changing (`read_and_change`). Public routes are listed in the facts.
- `RolesProbe`: a person without a role gets nothing, a member gets neither the console nor what asks for another role, however it is
  spelt.
- `ConsoleProbe`: an administrator of the tenant reaches every page by which access is run; a member reaches none.

The planted fault of each run is a page that does open: reported as shut, it makes the run void.
"""

import re
from collections.abc import Sequence

from django.conf import settings

from garant.access.engines.probes import LOGIN_PAGE, Canaries, Site, client, insider, mark, population, rules_of, sign_in, unclear
from garant.drivers.http_probe import Answer, Browser
from garant.identity.queries import TenantFacts
from garant.kernel.canonical import Json
from garant.kernel.promise import Canary as Planted
from garant.kernel.promise import Observation, Promise

OWN_PAGES = (
    "/.garant/fr/console/",
    "/.garant/fr/console/people/",
    "/.garant/fr/console/journal/",
    "/.garant/en/console/settings/",
    "/.garant/fr/factors/",
)
CONSOLE = (
    "/.garant/fr/console/",
    "/.garant/fr/console/addresses/add/",
    "/.garant/fr/console/people/",
    "/.garant/fr/console/people/add/",
    "/.garant/fr/console/settings/",
    "/.garant/fr/console/journal/",
)
LETTER = re.compile("[A-Za-z0-9]")
METHODS = ("POST", "PUT", "DELETE", "PROPFIND")


def member_paths() -> list[str]:
    """Paths of the application that need a person: its routes of that class, its start, and a page that nobody named."""
    routes = settings.GARANT.application.routes
    return ["/", "/no-such-page", *[route.prefix for route in routes if route.kind == "member"], *odd_paths()]


def public_paths() -> list[str]:
    return [route.prefix for route in settings.GARANT.application.routes if route.kind != "member"]


def odd_paths() -> list[str]:
    """Public prefixes written so that a server could read something else."""
    return [f"{prefix}{odd}" for prefix in public_paths() if prefix.endswith("/") for odd in ("../", "%2e%2e/", "..;/", "/", "%5c..%5c")]


def shows(answer: Answer, method: str = "GET") -> bool:
    """Whether an answer lets a stranger read or change something. Without a session a page of the application is never reached:
    even "not found" would come from it."""
    if answer.status in (302, 303) and method == "GET":
        place = answer.header("location")
        return "/.garant/" not in place
    return answer.status not in (400, 401, 403, 405)


class LoginProbe:
    """The engine of access.login."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the gate enforces
        return ()

    def observe(self, promise: Promise) -> Observation:
        aspect = str(promise.parameters.get("aspect", "before_data"))
        methods = ("GET", *METHODS) if aspect == "read_and_change" else ("GET",)
        everyone, open_, asked, tried = population(), [], 0, 0
        pages = Planted.HELD
        for tenant in everyone:
            source = insider(rules_of(tenant), self.site.now)
            if source is None:
                continue
            tried += 1
            for method in methods:
                for path in member_paths():
                    asked += 1
                    open_ += self._open(tenant, path, method, source)
            for path in OWN_PAGES:
                asked += 1
                answer = self._ask(tenant, path, "GET", source)
                if answer.status < 300:
                    open_.append({"tenant": mark(tenant), "path": path, "method": "GET", "status": answer.status})
            if not self._login_page_is_seen(tenant, source):
                pages = Planted.MISSED
        facts: dict[str, Json] = {
            "aspect": aspect,
            "tenants": tried,
            "asked": asked,
            "open": open_,
            "public": public_paths(),
        }
        return Observation(tried, len(everyone), facts, pages if tried else Planted.NONE)

    def _open(self, tenant: TenantFacts, path: str, method: str, source: str) -> list[Json]:
        answer = self._ask(tenant, path, method, source)
        if not shows(answer, method):
            return []
        return [{"tenant": mark(tenant), "path": path, "method": method, "status": answer.status}]

    def _ask(self, tenant: TenantFacts, path: str, method: str, source: str) -> Answer:
        answer = self.site.ask(tenant, path, source=source, method=method)
        if answer.status >= 500 or answer.status == 429:
            raise unclear(f"{client(tenant)}{path}", answer.status)
        return answer

    def _login_page_is_seen(self, tenant: TenantFacts, source: str) -> bool:
        """The planted fault: a page that is shown without a session, asked for as if it were a page with data. It must be reported,
        and be what asks for a user code and a password."""
        browser = self.site.browser(tenant, source=source)
        page = browser.follow(browser.get("/"))
        direct = self.site.ask(tenant, LOGIN_PAGE, source=source)
        return shows(direct) and 'name="login"' in page.text and 'name="password"' in page.text


class RolesProbe:
    """The engine of access.roles."""

    def __init__(self, site: Site, canaries: Canaries) -> None:
        self.site, self._canaries = site, canaries

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the decision enforces
        return ()

    def observe(self, promise: Promise) -> Observation:
        everyone, tried, asked = population(), 0, 0
        open_: list[Json] = []
        let_in = True
        for tenant in everyone:
            source = insider(rules_of(tenant), self.site.now)
            if source is None:
                continue
            tried += 1
            for roles in ((), ("member",)):
                passes = self._visit(tenant, source, roles)
                asked += len(passes)
                wrong = [(path, status) for path, status in passes.items() if reached(path, status) and not may(path, roles)]
                open_ += [{"tenant": mark(tenant), "roles": list(roles), "path": path, "status": status} for path, status in wrong]
                let_in = let_in and all(status < 400 for path, status in passes.items() if path not in oddly_spelt() and may(path, roles))
        facts: dict[str, Json] = {
            "aspect": str(promise.parameters.get("aspect", "strict_rules")),
            "tenants": tried,
            "asked": asked,
            "open": open_,
            "roles": sorted({role for route in settings.GARANT.application.routes for role in route.roles}),
        }
        planted = (Planted.HELD if let_in else Planted.MISSED) if tried else Planted.NONE
        return Observation(tried, len(everyone), facts, planted)

    def _visit(self, tenant: TenantFacts, source: str, roles: Sequence[str]) -> dict[str, int]:
        limited = [route.prefix for route in settings.GARANT.application.routes if route.roles]
        with self._canaries(tenant, roles=roles, at=self.site.now) as canary:
            browser = self.site.browser(tenant, source=source)
            sign_in(browser, canary, self.site.now)
            return statuses(browser, ["/", *limited, *oddly_spelt(), *CONSOLE])


class ConsoleProbe:
    """The engine of access.self_administration."""

    def __init__(self, site: Site, canaries: Canaries) -> None:
        self.site, self._canaries = site, canaries

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - pages; nothing to bring
        return ()

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002
        everyone, tried = population(), 0
        shut: list[Json] = []
        open_: list[Json] = []
        for tenant in everyone:
            source = insider(rules_of(tenant), self.site.now)
            if source is None:
                continue
            tried += 1
            for roles in (("admin", "member"), ("member",)):
                with self._canaries(tenant, roles=roles, at=self.site.now) as canary:
                    browser = self.site.browser(tenant, source=source)
                    sign_in(browser, canary, self.site.now)
                    found = statuses(browser, CONSOLE)
                wrong = shut if "admin" in roles else open_
                wrong += [
                    {"tenant": mark(tenant), "path": path, "status": status}
                    for path, status in found.items()
                    if (status == 200) is not ("admin" in roles)
                ]
        facts: dict[str, Json] = {"tenants": tried, "pages": len(CONSOLE), "shut": shut, "open": open_}
        return Observation(tried, len(everyone), facts)


def oddly_spelt() -> dict[str, str]:
    """Every path that asks for a role, its first letter written as `%67`, to how it is usually written: servers decode it."""
    limited = [route.prefix for route in settings.GARANT.application.routes if route.roles]
    return {LETTER.sub(lambda found: f"%{ord(found[0]):02x}", path, count=1): path for path in limited if LETTER.search(path)}


def reached(path: str, status: int) -> bool:
    """Whether a signed-in person got to what is behind the edge. The edge refuses an odd spelling before it asks who comes (400), so
    that any other answer to it is the application's own; the application must not have to refuse."""
    return status not in (400, 401, 403, 421) if path in oddly_spelt() else status < 400


def may(path: str, roles: Sequence[str]) -> bool:
    """Whether these roles give this path: what the configuration says, read apart from the edge."""
    path = oddly_spelt().get(path, path)
    if not roles or path.startswith("/.garant/"):
        return False
    needed = next((route.roles for route in settings.GARANT.application.routes if route.roles and path.startswith(route.prefix)), ())
    return not needed or bool(set(needed) & set(roles))


def statuses(browser: Browser, paths: Sequence[str]) -> dict[str, int]:
    """How each path answers a signed-in browser. Raises EngineError when the door is down or busy."""
    found = {path: browser.get(path).status for path in paths}
    for path, status in found.items():
        if status >= 500 or status == 429:
            raise unclear(f"{browser.called}{path}", status)
    return found
