"""Pages in a real browser at several widths: does anything stick out, is anything missing (EHQ-71, EHQ-72)?

Each run plants a page whose line sticks out and whose link hides on small screens: both must be reported.
"""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from garant.assurance.engines.hosts import Hosts, Place, open_pages, probe, served_hosts
from garant.assurance.policy.pages import differences
from garant.drivers import tls_probe
from garant.drivers.browser import Browser, Page
from garant.kernel.canonical import Json
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise

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
    """Opens every page in scope at every width of the claim. `pages`: the pages in scope; default, those open to anyone."""

    def __init__(self, deployment: Deployment, hosts: Hosts = served_hosts, pages: Pages | None = None) -> None:
        self._deployment = deployment
        self._pages = pages or (lambda: open_pages(deployment, hosts()))

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:
        """What sticks out and what is missing, page by page. Raises EngineError without a browser or when a page does not load."""
        widths, places = _widths(promise), self._pages()
        out: dict[str, Json] = {}
        missing: dict[str, Json] = {}
        empty: list[str] = []
        with browser(self._deployment) as chromium:
            planted = f"data:text/html,{quote(CANARY)}"
            page = chromium.open(planted, width=widths[0])
            sticking, features = _visit(page, planted, widths)
            reported = any(sticking.values()) and (bool(differences(features)) or min(widths) > 600)
            for place in places:
                name = place.name
                sticking, features = _visit(page, address(self._deployment, place), widths)
                out.update({f"{name} @ {width}": what for width, what in sticking.items() if what})
                if lost := differences(features):
                    missing[name] = list(lost)
                if not any(features.values()):
                    empty.append(name)
            version = chromium.version
        facts: dict[str, Json] = {
            "browser": version,
            "widths": list(widths),
            "pages": [place.name for place in places],
            "sticking_out": out,
            "missing": missing,
            "without_features": empty,
        }
        count = len(places) * len(widths)
        return Observation(count, count, facts, Canary.HELD if reported else Canary.MISSED)


def browser(deployment: Deployment) -> Browser:
    """A Chromium that accepts the deployment's own certificate, once its chain is validated against the deployment's authority."""
    seen = tls_probe.served(deployment.connect, deployment.https, host=deployment.base, authority=deployment.authority)
    if seen.untrusted:
        raise EngineError(f"the certificate of {deployment.base} is not valid ({seen.untrusted}): no browser would show the pages")
    return Browser(connect=deployment.connect, base=deployment.base, pin=seen.chain[0].pin if deployment.authority else None)


def address(deployment: Deployment, place: Place) -> str:
    return f"https://{place.host}{probe(deployment).suffix}{place.path}"


def _visit(page: Page, url: str, widths: Sequence[int]) -> tuple[Mapping[int, list[str]], Mapping[int, list[str]]]:
    """What sticks out of a page, and what it offers, at each width."""
    sticking, features = {}, {}
    for width in widths:
        page.go(url, width=width)
        if page.status != 200:
            raise EngineError(f"a page answers {page.status}, so its layout cannot be looked at")
        sticking[width] = [str(what) for what in page.evaluate(STICKING_OUT.replace("WIDTH", str(width)))]
        features[width] = [str(item) for item in page.evaluate(FEATURES)]
    return sticking, features


def _widths(promise: Promise) -> tuple[int, ...]:
    given = promise.parameters.get("widths")
    return tuple(int(str(width)) for width in given) if isinstance(given, Sequence) and given else WIDTHS
