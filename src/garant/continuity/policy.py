"""What makes a page enough by itself for somebody with a browser and an address (ASO-21, AST-10): pure.

Complete without scripts: either a form to sign in (a name, a password, a button) or words and links of its own, in HTML as served.
An address that answers with a shell to be filled by scripts does not count.
"""

from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

from garant.kernel.promise import Evidence, Finding, Promise
from garant.kernel.text import NBSP, Text, ratio

SHELL = 80
"""Visible characters under which a page without a form is a shell."""


class _Reader(HTMLParser):
    """Visible words, links, and the names of each form's fields."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.links = 0, 0
        self.forms: list[set[str]] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag in ("script", "style", "noscript", "title"):
            self._hidden += 1
        elif tag == "a" and given.get("href"):
            self.links += 1
        elif tag == "form":
            self.forms.append(set())
        elif tag in ("input", "button") and self.forms:
            self.forms[-1].add(given.get("type") or ("submit" if tag == "button" else "text"))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "noscript", "title"):
            self._hidden = max(0, self._hidden - 1)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += len(data.strip())


def completeness(html: str) -> str:
    """`sign_in`, `page`, or an empty string for a shell that only scripts would fill."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if any({"password", "submit"} <= fields and fields & {"text", "email"} for fields in reader.forms):
        return "sign_in"
    return "page" if reader.words >= SHELL and (reader.links or reader.forms) else ""


def judge(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001 - the protocol's name
    """Every host, reached by its name, gives a page that is complete without scripts. A host that could not be asked leaves the question
    open: neither kept nor broken."""
    hosts: Mapping[str, Any] = run.facts["hosts"]  # type: ignore[assignment]
    unchecked: Sequence[str] = run.facts.get("unchecked", ())  # type: ignore[assignment]
    bad = sorted(host for host, seen in hosts.items() if not seen["complete"])
    words = Text("adresses complètes dans un simple navigateur", "addresses complete in a plain browser")
    if bad:
        seen = hosts[bad[0]]
        said = Text(
            f"{bad[0]} répond {seen['status']} ({seen['type'] or 'sans type'}) et ne donne pas de page complète sans JavaScript.",
            f"{bad[0]} answers {seen['status']} ({seen['type'] or 'no type'}) and gives no page complete without JavaScript.",
        )
        return Finding(False, ratio(len(hosts) - len(bad), len(hosts)), words, said)
    if unchecked:
        number, total = len(unchecked), len(hosts) + len(unchecked)
        said = Text(
            f"Les règles de {number} clients sur {total} n’admettent aucune adresse de cette machine{NBSP}: leur adresse n’a pas pu être "
            "suivie.",
            f"The rules of {number} customers of {total} let in no address of this machine: theirs could not be followed.",
        )
        if number == 1:
            said = Text(
                f"Les règles d’un client sur {total} n’admettent aucune adresse de cette machine{NBSP}: la sienne n’a pas pu être suivie.",
                f"The rules of one customer of {total} let in no address of this machine: its own could not be followed.",
            )
        return Finding(None, ratio(len(hosts), total), words, said)
    return Finding(
        True,
        ratio(len(hosts), len(hosts)),
        words,
        Text(
            "Chaque adresse mène, sans rien installer, à une page de connexion ou de travail complète sans JavaScript.",
            "Every address leads, with nothing to install, to a sign-in or working page that is complete without JavaScript.",
        ),
    )
