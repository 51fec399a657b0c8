"""What a page must be without scripts, at any width: pure readings of its HTML and of what a browser reported."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser

INLINE_HANDLER = re.compile(r"^on[a-z]+$")
NUMBER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+")


class _Reader(HTMLParser):
    """Collects what matters of one page."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[str] = []
        self.links: list[str] = []
        self.forms: list[list[str]] = []
        self.headings = 0
        self.faults: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.faults += [f"<{tag} {key}>" for key in given if key == "style" or INLINE_HANDLER.match(key)]
        if tag == "link" and "stylesheet" in given.get("rel", ""):
            self.sheets.append(given.get("href", ""))
        elif tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "h1":
            self.headings += 1
        elif tag == "form":
            self.forms.append([])
        elif tag in ("input", "select", "textarea", "button") and self.forms:
            self.forms[-1].append(given.get("name", "") or given.get("type", tag))
        elif tag == "script":
            self._script = True
            if given.get("type") == "module":
                self.faults.append("<script type=module>")
            if not given.get("src"):
                self.faults.append("<script> in the page")
        elif tag in ("dialog", "template", "style"):
            self.faults.append(f"<{tag}>")


class PageReading:
    """A page as a program without scripts reads it. `faults`: what browsers of 2014, or no script, could not do."""

    def __init__(self, html: str) -> None:
        reader = _Reader()
        reader.feed(html)
        reader.close()
        self.sheets = tuple(reader.sheets)
        self.links = tuple(reader.links)
        self.forms = tuple(tuple(fields) for fields in reader.forms)
        self.faults = tuple(reader.faults) + (() if reader.headings else ("no <h1>",))

    @property
    def sign_in(self) -> bool:
        """Whether it holds a whole form to sign in: a name, a password and a button, without any script."""
        return any({"login", "password"} <= set(fields) or {"username", "password"} <= set(fields) for fields in self.forms)


def differences(features: Mapping[int, Sequence[str]]) -> tuple[str, ...]:
    """What one width offers and another does not: `320: link /fr/console/`. Widths in CSS pixels."""
    everything = set().union(*features.values()) if features else set()
    return tuple(f"{width}: {item}" for width in sorted(features) for item in sorted(everything - set(features[width])))


def alike(item: str) -> str:
    """What a page offers, without what changes from one visit to the next: `link /people/…/`, however many people there are."""
    return NUMBER.sub("…", item.partition("?")[0]) if item.startswith("link ") else item


def counted(found: Sequence[str]) -> list[str]:
    """Differences without what they name, for a page whose content is a customer's: `320: link × 2`."""
    kinds = Counter(" ".join(each.split(" ", 2)[:2]) for each in found)
    return [f"{kind} × {number}" for kind, number in sorted(kinds.items())]
