"""Accessibility rules that a program can check, run by axe in a real browser (EHQ-65, in part).

axe sees a fraction of WCAG; the rest is a person's work. Each run plants a page with faults, which must be reported.
"""

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from garant.assurance.engines.hosts import Hosts, Place, open_pages, served_hosts
from garant.assurance.engines.inside import IN_SCOPE, reached, signed_in
from garant.assurance.engines.screens import address, browser
from garant.drivers.browser import Page
from garant.kernel.canonical import Json
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise
from garant.kernel.text import Text
from garant.kernel.visitor import Visitors

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
    """Runs axe on every page in scope, wide and narrow. `visitors`: how to come to pages behind sign-in; `pages`: the others."""

    def __init__(self, deployment: Deployment, visitors: Visitors, hosts: Hosts = served_hosts, pages: Pages | None = None) -> None:
        self._deployment, self._visitors = deployment, visitors
        self._pages = pages or (lambda: open_pages(deployment, hosts()))

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002 - the protocol's name
        """Violations, page by page. Raises EngineError without axe or without a browser."""
        rules, places = axe_script(), self._pages()
        violations: dict[str, Json] = {}
        with browser(self._deployment) as chromium:
            page = chromium.open(f"data:text/html,{quote(CANARY)}", width=WIDTHS[0])
            planted = _run(page, rules)
            reported = {rule["id"] for rule in planted["violations"]} >= PLANTED
            for place in places:
                violations.update(self._look(page, place, rules))
            with signed_in(self._deployment, chromium, self._visitors) as inside:
                for place in inside:
                    violations.update(self._look(page, place, rules))
        facts: dict[str, Json] = {
            "axe": planted["version"],
            "tags": list(TAGS),
            "pages": [place.name for place in (*places, *inside)],
            "inside": len(inside),
            "violations": violations,
        }
        checked, total = len(places) + len(inside), len(places) + (len(inside) or IN_SCOPE)
        return Observation(checked * len(WIDTHS), total * len(WIDTHS), facts, Canary.HELD if reported else Canary.MISSED)

    def _look(self, page: Page, place: Place, rules: str) -> dict[str, Json]:
        """What is wrong with a page, by width."""
        found: dict[str, Json] = {}
        for width in WIDTHS:
            page.go(address(self._deployment, place), width=width)
            reached(page, place)
            seen = _run(page, rules)
            if not seen["passed"]:
                raise EngineError(
                    Text(
                        f"axe n’a rien trouvé à examiner dans la page {place.name}.",
                        f"axe found nothing to examine in the page {place.name}",
                    )
                )
            kept = ("id", "nodes") if place.inside else ("id", "nodes", "target")
            if seen["violations"]:
                found[f"{place.name} @ {width}"] = [{name: rule[name] for name in kept} for rule in seen["violations"]]
        return found


def axe_script() -> str:
    """The text of axe, from the package that carries it. Raises EngineError when it is not installed."""
    try:
        found = importlib.util.find_spec("axe_playwright_python")
    except (ImportError, ValueError):
        found = None
    places = list(found.submodule_search_locations or ()) if found else []
    path = Path(places[0]) / "axe.min.js" if places else None
    if path is None or not path.exists():
        raise EngineError(
            Text(
                "axe n’est pas installé : il vient avec les paquets de développement (requirements-dev.lock).",
                "axe is not installed: it comes with the development packages (requirements-dev.lock)",
            )
        )
    return path.read_text(encoding="utf-8")


def _run(page: Page, rules: str) -> dict[str, Any]:
    page.evaluate(f"{rules};undefined")
    seen: dict[str, Any] = page.evaluate(RUN)
    return seen
