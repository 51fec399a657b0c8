"""A browser that looks at the gallery's pages: Debian's chromium, no network, axe from the test package."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import Browser, Page, Route, sync_playwright

from support import gallery

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
HOST = "http://garant.test"
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium, for as long as the block lasts."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        try:
            yield made
        finally:
            made.close()


_shown: "WeakKeyDictionary[Page, tuple[str, str]]" = WeakKeyDictionary()


def open_page(chromium: Browser, width: int, *, scripts: bool = True) -> Page:
    """A page that shows what `show` gives it. `scripts=False`: as people see it who run none."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts, bypass_csp=True)
    page = context.new_page()

    def serve(route: Route) -> None:
        asked = route.request.url.removeprefix(HOST).split("?")[0]
        path, html = _shown.get(page, ("", ""))
        if asked.startswith("/.garant/static/"):
            route.fulfill(path=str(gallery.STATIC / asked.removeprefix("/.garant/static/")))
        elif asked == path:
            route.fulfill(body=html, content_type="text/html; charset=utf-8")
        else:
            route.abort()

    page.route("**/*", serve)
    return page


def show(page: Page, path: str, html: str) -> None:
    """Load `html` as if it had been served at `path`; sheets come from the source tree, everything else is refused."""
    _shown[page] = (path, html)
    page.goto(HOST + path)


def violations(page: Page) -> list[str]:
    """What axe finds: rule and the first place."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", TAGS)
    return [f"{each['id']}: {each['nodes'][0]['target']} {each['nodes'][0]['failureSummary']}" for each in found["violations"]]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window (WCAG 1.4.10)."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
