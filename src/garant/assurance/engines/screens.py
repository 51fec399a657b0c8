"""Pages in a real browser at several widths: does anything stick out, is anything missing (EHQ-71, EHQ-72)?

Each run plants a page whose line sticks out and whose link hides on small screens: both must be reported.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from garant.assurance.engines.hosts import Hosts, Place, open_pages, probe, served_hosts
from garant.assurance.engines.inside import IN_SCOPE, reached, signed_in
from garant.assurance.policy.pages import alike, counted, differences
from garant.drivers import tls_probe
from garant.drivers.browser import Browser, Page
from garant.kernel.canonical import Json
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise
from garant.kernel.visitor import Visitors

WIDTHS = (320, 768, 1280)
CANARY = """<!doctype html><meta name=viewport content="width=device-width"><title>canary</title>
<style>p{width:1500px}@media(max-width:600px){a{display:none}}</style><p>wide</p><a href="/canary">hidden</a>"""

STICKING_OUT = """(() => {
  const root = document.scrollingElement || document.documentElement, width = WIDTH, found = [];
  if (root.scrollWidth <= width + 1) return found;
  for (const element of document.querySelectorAll('body *')) {
    const box = element.getBoundingClientRect();
    if (box.right > width + 1 && box.width > 0) {
      let inside = false;
      for (let at = element.parentElement; at && at !== document.body; at = at.parentElement)
        if (getComputedStyle(at).overflowX !== 'visible') { inside = true; break; }
      if (!inside) found.push(element.tagName.toLowerCase() + (element.getAttribute('class') ? '.' + element.getAttribute('class') : ''));
    }
  }
  return found.length ? found.slice(0, 5) : ['page'];
})()"""

FEATURES = """(() => {
  const found = new Set(), shown = element => {
    const style = getComputedStyle(element);
    return element.getClientRects().length > 0 && style.visibility !== 'hidden' && style.opacity !== '0';
  };
  const words = element => (element.innerText || element.value || '').trim().replace(/\\s+/g, ' ').slice(0, 60);
  for (const link of document.querySelectorAll('a[href]')) if (shown(link)) found.add('link ' + link.getAttribute('href'));
  for (const button of document.querySelectorAll('button, input[type=submit]')) if (shown(button)) found.add('button ' + words(button));
  for (const field of document.querySelectorAll('input, select, textarea'))
    if (!['hidden', 'submit'].includes(field.type) && shown(field)) found.add('field ' + field.name);
  return [...found].sort();
})()"""

Pages = Callable[[], Sequence[Place]]


class Screens:
    """Opens every page in scope at every width of the claim. `visitors`: how to come to pages behind sign-in; `pages`: the others."""

    def __init__(self, deployment: Deployment, visitors: Visitors, hosts: Hosts = served_hosts, pages: Pages | None = None) -> None:
        self._deployment, self._visitors = deployment, visitors
        self._pages = pages or (lambda: open_pages(deployment, hosts()))

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:
        """What sticks out and what is missing, page by page. Raises EngineError without a browser or when a page does not load."""
        widths, places = _widths(promise), self._pages()
        seen = _Seen()
        with browser(self._deployment) as chromium:
            planted = f"data:text/html,{quote(CANARY)}"
            page = chromium.open(planted, width=widths[0])
            sticking, features = _visit(page, planted, widths)
            reported = any(sticking.values()) and (bool(differences(features)) or min(widths) > 600)
            for place in places:
                seen.look(page, place, address(self._deployment, place), widths)
            with signed_in(self._deployment, chromium, self._visitors) as inside:
                for place in inside:
                    seen.look(page, place, address(self._deployment, place), widths)
            version = chromium.version
        facts: dict[str, Json] = {
            "browser": version,
            "widths": list(widths),
            "pages": [place.name for place in (*places, *inside)],
            "inside": len(inside),
            "sticking_out": seen.out,
            "missing": seen.missing,
            "without_features": seen.empty,
        }
        checked, total = len(places) + len(inside), len(places) + (len(inside) or IN_SCOPE)
        return Observation(checked * len(widths), total * len(widths), facts, Canary.HELD if reported else Canary.MISSED)


@dataclass(frozen=True)
class _Seen:
    """What was wrong, by page."""

    out: dict[str, Json] = field(default_factory=dict)
    missing: dict[str, Json] = field(default_factory=dict)
    empty: list[Json] = field(default_factory=list)

    def look(self, page: Page, place: Place, url: str, widths: Sequence[int]) -> None:
        """A page behind sign-in lives: what it lacks at one width counts when it is seen twice."""
        sticking, features = _visit(page, url, widths, place)
        lost = differences(features)
        if lost and place.inside:
            again = differences(_visit(page, url, widths, place)[1])
            lost = tuple(item for item in lost if item in again)
        self.out.update({f"{place.name} @ {width}": what for width, what in sticking.items() if what})
        if lost:
            self.missing[place.name] = list(counted(lost) if place.inside else lost)
        if not any(features.values()):
            self.empty.append(place.name)


def browser(deployment: Deployment) -> Browser:
    """A Chromium that accepts the deployment's own certificate, once its chain is validated against the deployment's authority."""
    seen = tls_probe.served(deployment.connect, deployment.https, host=deployment.base, authority=deployment.authority)
    if seen.untrusted:
        raise EngineError(f"the certificate of {deployment.base} is not valid ({seen.untrusted}): no browser would show the pages")
    return Browser(connect=deployment.connect, base=deployment.base, pin=seen.chain[0].pin if deployment.authority else None)


def address(deployment: Deployment, place: Place) -> str:
    return f"https://{place.host}{probe(deployment).suffix}{place.path}"


def _visit(
    page: Page, url: str, widths: Sequence[int], place: Place | None = None
) -> tuple[Mapping[int, Sequence[str]], Mapping[int, Sequence[str]]]:
    """What sticks out of a page, and what it offers, at each width. `place` None: the page comes from no server."""
    sticking, features = {}, {}
    for width in widths:
        page.go(url, width=width)
        if place is not None:
            reached(page, place)
        sticking[width] = [str(what) for what in page.evaluate(STICKING_OUT.replace("WIDTH", str(width)))]
        offered = {str(item) for item in page.evaluate(FEATURES)}
        features[width] = sorted({alike(item) for item in offered} if place is not None and place.inside else offered)
    return sticking, features


def _widths(promise: Promise) -> tuple[int, ...]:
    given = promise.parameters.get("widths")
    return tuple(int(str(width)) for width in given) if isinstance(given, Sequence) and given else WIDTHS
