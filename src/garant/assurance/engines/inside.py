"""The pages behind sign-in, in the same browser: those where a customer runs access, and the protected application's first page.

- Customers share templates: two of them stand for all, one for each language. A customer must let in the address from which the
  browser comes (`SOURCE`); when none does, those pages are in scope and unchecked.
- What they hold is a customer's: facts name the page and count what is wrong, and quote nothing of it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from garant.assurance.engines.hosts import Place, probe
from garant.drivers.browser import Browser, Page
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.text import Text
from garant.kernel.visitor import Visitors

SOURCE = "127.0.0.1"
"""A browser cannot choose where it comes from: on one machine it is here."""

CUSTOMERS = 2
LANGUAGES = ("fr", "en")
CONSOLE = ("", "addresses/add/", "people/", "people/add/", "settings/", "journal/", "evidence/")


def paths(languages: Sequence[str]) -> list[str]:
    """What is looked at in one customer's service."""
    return [
        "/",
        *(f"/.garant/{language}/{path}" for language in languages for path in ("factors/", *(f"console/{page}" for page in CONSOLE))),
    ]


IN_SCOPE = CUSTOMERS - 1 + len(paths(LANGUAGES))
"""How many pages behind sign-in there are to look at, whether a customer lets us in or not."""


@contextmanager
def signed_in(deployment: Deployment, browser: Browser, visitors: Visitors) -> Iterator[Sequence[Place]]:
    """The pages behind sign-in, which this browser may open for the length of the block. None: no customer lets it in."""
    with visitors(source=SOURCE, most=CUSTOMERS) as found:
        places = []
        for number, visitor in enumerate(found):
            name, value = visitor.cookie
            browser.cookie(f"https://{visitor.host}{probe(deployment).suffix}/", name, value)
            languages = LANGUAGES if len(found) == 1 else (LANGUAGES[number % len(LANGUAGES)],)
            places += [Place(visitor.host, path, visitor.label, inside=True) for path in paths(languages)]
        yield places


def reached(page: Page, place: Place) -> None:
    """Raises EngineError when a page does not show what it was opened for: an error, or the way to the sign-in page."""
    path = urlsplit(str(page.evaluate("location.href"))).path
    elsewhere = place.inside and path != place.path and (path.startswith("/.garant/") or place.path.startswith("/.garant/"))
    if page.status != 200 or elsewhere:
        raise EngineError(
            Text(
                f"la page {place.name} répond {page.status}{' et mène ailleurs' if elsewhere else ''}, donc rien n’a pu y être examiné.",
                f"the page {place.name} answers {page.status}{' and leads elsewhere' if elsewhere else ''}: nothing to examine",
            )
        )
