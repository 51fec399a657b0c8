"""Browsers of 2013 to 2015 that can run nowhere any more: what stands in for them (EHQ-73 to 76).

- `Reading`: would this browser's TLS greeting be accepted, and does it understand the sheet and the page? By hand, no engine.
- `Rendering`: an engine of that generation lays the pages out (WebKit 538); for Edge, which shares Chromium's engine, Chromium without
  JavaScript beside Chromium with it.

Each reading plants a sheet and a page that those browsers would not understand.
"""

from collections.abc import Callable, Mapping, Sequence

from garant.assurance.engines.hosts import Hosts, Place, open_pages, probe, served_hosts
from garant.assurance.engines.screens import FEATURES, address, browser
from garant.assurance.policy import sheet as sheets
from garant.assurance.policy import suites
from garant.assurance.policy.pages import PageReading
from garant.drivers import tls_hello, webkit
from garant.drivers.http_probe import HttpProbe
from garant.kernel.canonical import Json
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise

CANARY_SHEET = "main{display:grid;gap:1rem}p{width:clamp(1px,2vw,3px);color:var(--ink)}"
CANARY_PAGE = "<!doctype html><p style='color:red'>x<script>fetch('/')</script>"
NARROW, WIDE = 320, 1280

Pages = Callable[[], Sequence[Place]]


class Reading:
    """Reads what is served as a browser of the claim would have to."""

    def __init__(self, deployment: Deployment, hosts: Hosts = served_hosts, pages: Pages | None = None) -> None:
        self._deployment, self._hosts = deployment, hosts
        self._pages = pages or (lambda: open_pages(deployment, hosts()))

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:
        """Greetings host by host, faults page by page and sheet by sheet. Raises EngineError."""
        asked, name = probe(self._deployment), named_browser(promise)
        hosts, places = self._hosts(), self._pages()
        faults: dict[str, Json] = {}
        for place in places:
            html, resources = fetch(asked, place)
            found = [*PageReading(html).faults]
            for href, content in resources.items():
                text = content.decode("utf-8", errors="replace")
                if href.partition("?")[0].endswith(".css") and not sheets.skipped_by_old_browsers(text):
                    found += [f"{href}: {fault}" for fault in sheets.faults(text)]
            if found:
                faults[place.name] = found[:20]
        held = bool(sheets.faults(CANARY_SHEET)) and bool(PageReading(CANARY_PAGE).faults)
        facts: dict[str, Json] = {
            "browser": name,
            "profile": self._deployment.tls_profile,
            "greetings": {label: self._greet(host, name) for host, label in hosts.items()},
            "pages": [place.name for place in places],
            "faults": faults,
        }
        count = len(hosts) + len(places)
        return Observation(count, count, facts, Canary.HELD if held else Canary.MISSED)

    def _greet(self, host: str, name: str) -> str:
        """The suite that the edge agrees on with this browser, or an empty string."""
        place = self._deployment
        versions = (suites.TLS_1_3, suites.TLS_1_2) if name == "edge" else (suites.TLS_1_2,)
        for version in versions:
            offered = tls_hello.SUITES_1_3 if version == suites.TLS_1_3 else suites.OFFERS[name]
            groups = (tls_hello.P_256, tls_hello.P_384)
            answer = tls_hello.hello(place.connect, place.https, host=host, version=version, suites=offered, groups=groups)
            if answer.suite is not None and answer.version == version:
                return suites.name(answer.suite)
        return ""


class Rendering:
    """Lays the pages out in an engine that stands in for the browser of the claim."""

    def __init__(self, deployment: Deployment, hosts: Hosts = served_hosts, pages: Pages | None = None) -> None:
        self._deployment = deployment
        self._pages = pages or (lambda: open_pages(deployment, hosts()))

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:
        """Faults page by page. Raises EngineError when the engine that stands in is not installed."""
        places = self._pages()
        look = self._chromium if named_browser(promise) == "edge" else self._webkit
        agent, faults = look(places)
        facts: dict[str, Json] = {
            "engine": agent,
            "pages": [place.name for place in places],
            "faults": faults,
        }
        return Observation(len(places), len(places), facts)

    def _chromium(self, places: Sequence[Place]) -> tuple[str, Mapping[str, Json]]:
        """With scripts and without, a page must offer the same."""
        faults: dict[str, Json] = {}
        with browser(self._deployment) as chromium:
            page = chromium.open("about:blank", width=WIDE)
            for place in places:
                offers = []
                for scripts in (True, False):
                    page.go(address(self._deployment, place), width=WIDE, scripts=scripts)
                    if page.status != 200:
                        raise EngineError(f"{place.name} answers {page.status}")
                    offers.append(page.evaluate(FEATURES))
                if not offers[0] or offers[0] != offers[1]:
                    faults[place.name] = ["not the same without JavaScript" if offers[0] else "almost empty"]
            return chromium.version, faults

    def _webkit(self, places: Sequence[Place]) -> tuple[str, Mapping[str, Json]]:
        asked, agent = probe(self._deployment), ""
        webkit.program()
        faults: dict[str, Json] = {}
        for place in places:
            html, resources = fetch(asked, place)
            for width in (WIDE, NARROW):
                seen = webkit.render(html, resources, width=width)
                agent, found = seen.agent, list(seen.errors)
                if seen.width > width + 1:
                    found.append(f"{seen.width} px wide on a screen of {width}")
                if seen.characters < 50 or not seen.offers:
                    found.append("almost empty")
                if found:
                    faults[f"{place.name} @ {width}"] = found
        return agent, faults


def fetch(asked: HttpProbe, place: Place) -> tuple[str, Mapping[str, bytes]]:
    """A page and the sheets that it names. Raises EngineError when one does not come."""
    answer = asked.ask(place.host, place.path)
    if answer.status != 200 or answer.truncated:
        raise EngineError(f"{place.name} answers {answer.status}")
    resources = {}
    for href in PageReading(answer.text).sheets:
        if not href.startswith("/"):
            raise EngineError(f"{place.name} takes a sheet from elsewhere: {href[:100]}")
        sheet = asked.ask(place.host, href)
        if sheet.status != 200:
            raise EngineError(f"{place.label}{href} answers {sheet.status}")
        resources[href] = sheet.body
    return answer.text, resources


def named_browser(promise: Promise) -> str:
    """The browser of the claim: edge, chrome, firefox or safari."""
    name = str(promise.parameters.get("browser", ""))
    if name not in suites.OFFERS:
        raise EngineError(f"{name!r} is not a browser that we know; write one of {', '.join(suites.OFFERS)}")
    return name
