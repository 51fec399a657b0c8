"""Accessibility rules that a program can check, run by axe in a real browser (EHQ-65, in part).

axe sees a fraction of WCAG; the rest is a person's work. Each run plants a page with faults, which must be reported.
"""

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from garant.assurance.engines.hosts import Hosts, Place, open_pages, served_hosts
from garant.assurance.engines.screens import address, browser
from garant.drivers.browser import Page
from garant.kernel.canonical import Json
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
WIDTHS = (1280, 320)
CANARY = '<!doctype html><html><title>canary</title><img src="data:,"><p style="color:#ccc;background:#fff">pale</p><input type="text">'
PLANTED = {"image-alt", "color-contrast", "label", "html-has-lang"}
RUN = f"""axe.run(document, {{runOnly: {{type: 'tag', values: {list(TAGS)}}}, resultTypes: ['violations']}}).then(seen => ({{
  version: seen.testEngine.version,
  passed: seen.passes.length,
  violations: seen.violations.map(rule => ({{id: rule.id, nodes: rule.nodes.length, target: String(rule.nodes[0].target).slice(0, 120)}}))
}}))"""

Pages = Callable[[], Sequence[Place]]


class Axe:
    """Runs axe on every page in scope, wide and narrow."""

    def __init__(self, deployment: Deployment, hosts: Hosts = served_hosts, pages: Pages | None = None) -> None:
        self._deployment = deployment
        self._pages = pages or (lambda: open_pages(deployment, hosts()))

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002 - the protocol's name
        """Violations, page by page. Raises EngineError without axe or without a browser."""
        rules, places = axe_script(), self._pages()
        violations: dict[str, Json] = {}
        with browser(self._deployment) as chromium:
            page = chromium.open(f"data:text/html,{quote(CANARY)}", width=WIDTHS[0])
            canary = {rule["id"] for rule in _run(page, rules)["violations"]}
            version = ""
            for place in places:
                for width in WIDTHS:
                    page.go(address(self._deployment, place), width=width)
                    seen = _run(page, rules)
                    version = seen["version"]
                    if page.status != 200 or not seen["passed"]:
                        raise EngineError(f"{place.name} answers {page.status}: nothing to examine")
                    if seen["violations"]:
                        violations[f"{place.name} @ {width}"] = seen["violations"]
        facts: dict[str, Json] = {
            "axe": version,
            "tags": list(TAGS),
            "pages": [place.name for place in places],
            "violations": violations,
        }
        count = len(places) * len(WIDTHS)
        return Observation(count, count, facts, Canary.HELD if canary >= PLANTED else Canary.MISSED)


def axe_script() -> str:
    """The text of axe, from the package that carries it. Raises EngineError when it is not installed."""
    try:
        found = importlib.util.find_spec("axe_playwright_python")
    except (ImportError, ValueError):
        found = None
    places = list(found.submodule_search_locations or ()) if found else []
    path = Path(places[0]) / "axe.min.js" if places else None
    if path is None or not path.exists():
        raise EngineError("axe is not installed: it comes with the development packages (requirements-dev.lock)")
    return path.read_text(encoding="utf-8")


def _run(page: Page, rules: str) -> dict[str, Any]:
    page.evaluate(f"{rules};undefined")
    seen: dict[str, Any] = page.evaluate(RUN)
    return seen
