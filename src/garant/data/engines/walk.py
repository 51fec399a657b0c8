"""One person made for probing walks the steps of a recipe through the public door: plants, reads, changes, takes away."""

import html
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from garant.data.policy.recipe import Recipe, Step, filled
from garant.drivers.http_probe import Answer, Browser, HttpProbe
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.text import NBSP, Text
from garant.kernel.visitor import Resident

INPUT = re.compile(r"<input\b[^>]*>", re.IGNORECASE)
ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""")
FILE_LINE = "{mark}\n"


@dataclass
class Walker:
    """A resident with its browser, and what its own steps have found: `known["mark"]` is the word that only it may see."""

    resident: Resident
    browser: Browser
    known: dict[str, str] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        return self.known["mark"]

    def plant(self, steps: Sequence[Step]) -> None:
        """Take the steps, as the person would. Raises EngineError where one does not lead on."""
        for step in steps:
            answer = take(self.browser, step, self.known)
            if answer.status >= 400:
                raise self._lost(step, f"état {answer.status}", f"status {answer.status}")
            for name, (where, pattern) in step.find.items():
                found = re.search(pattern, answer.header("location") if where == "location" else answer.text)
                if found is None:
                    raise self._lost(step, f"{name} introuvable", f"{name} not found")
                self.known[name] = found[1]

    def sees(self, steps: Sequence[Step], word: str) -> list[str]:
        """The steps in which a page of its own shows this word."""
        return [step.path for step in steps if shows(take(self.browser, step, self.known), word)]

    def _lost(self, step: Step, fr: str, en: str) -> EngineError:
        label = self.resident.label
        return EngineError(
            Text(
                f"la personne d’essai de {label} n’a pas pu écrire à {step.path}{NBSP}({fr}).",
                f"the canary of {label} could not write at {step.path} ({en}).",
            )
        )


def walker(deployment: Deployment, resident: Resident) -> Walker:
    """A resident's browser, signed in, with words that nothing else holds."""
    probe = HttpProbe(connect=deployment.connect, port=deployment.https, authority=deployment.authority, limit=2_000_000)
    browser = probe.browser(resident.host, source=resident.source, name=resident.label)
    browser.cookies.update([resident.cookie])
    known = {"mark": _word(), "secret": _word(), "other": _word()}
    return Walker(resident, browser, known)


@contextmanager
def planted(walkers: Sequence[Walker], recipe: Recipe) -> Iterator[None]:
    """Both have planted their row; it is taken away afterwards, whatever happened, as far as the application lets its owner."""
    try:
        for each in walkers:
            each.plant(recipe.plant)
        yield
    finally:
        for each in walkers:
            if set(each.known) > {"mark", "secret", "other"}:
                for step in recipe.clean:
                    take(each.browser, step, each.known)


def take(browser: Browser, step: Step, known: Mapping[str, str]) -> Answer:
    """One step with this browser and these names; redirects are not followed."""
    path = step.path_for(known)
    if step.method == "GET":
        return browser.get(path)
    fields = hidden_fields(browser.get(filled(step.page, known) if step.page else path).text)
    given = {filled(name, known): filled(value, known) for name, value in step.form.items()}
    files = {name: (value[1:], filled(FILE_LINE, known).encode()) for name, value in given.items() if value.startswith("@")}
    fields |= {name: value for name, value in given.items() if name not in files}
    return browser.send(path, fields, files) if files else browser.post(path, fields)


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden fields of a page's forms, the first of each name: tokens against forgery are among them."""
    found: dict[str, str] = {}
    for tag in INPUT.findall(page):
        held = {name.lower(): html.unescape(a or b or c) for name, a, b, c in ATTRIBUTE.findall(tag)}
        if held.get("type", "").lower() == "hidden" and "name" in held:
            found.setdefault(held["name"], held.get("value", ""))
    return found


def shows(answer: Answer, word: str) -> bool:
    """Whether an answer holds the word, in its body or its head."""
    return word.encode() in answer.body or any(word in value for _, value in answer.headers)


def _word() -> str:
    return f"temoin{secrets.token_hex(12)}"
