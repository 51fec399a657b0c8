"""What is published names no customer. Pure.

Engines call a customer by the first eight digits of its id. What programs say in their own words may hold host names all the same:
certificates, redirects, errors of the network.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from garant.kernel.canonical import Json

SHORTEST = 4
"""Letters of the shortest slug that is looked for by itself: below, it would be found in any sentence."""


@dataclass(frozen=True)
class Customers:
    """`hosts`, `slugs`: of every customer, to the name under which facts speak of it. `base`: every host below it is a customer's,
    present or past; empty when there is no operator."""

    base: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict)
    slugs: Mapping[str, str] = field(default_factory=dict)

    def unnamed(self, words: str) -> str:
        """The same words without a customer's host or slug."""
        return self._slugs(self._hosts(words))

    def facts(self, value: Json) -> Json:
        """The same facts without a customer's host, in names too. Slugs stay: a path may well be called like one."""
        if isinstance(value, str):
            return self._hosts(value)
        if isinstance(value, Mapping):
            return {self._hosts(name): self.facts(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.facts(each) for each in value]
        return value

    def _hosts(self, words: str) -> str:
        words = _replaced(words, self.hosts, r"(?<![\w.-])({})(?![\w-]|\.\w)")
        if not self.base:
            return words
        return re.sub(rf"(?<![\w.-])(?:[\w-]+\.)+{re.escape(self.base)}(?![\w-]|\.\w)", "client …", words, flags=re.IGNORECASE)

    def _slugs(self, words: str) -> str:
        return _replaced(words, {slug: name for slug, name in self.slugs.items() if len(slug) >= SHORTEST}, r"(?<![\w-])({})(?![\w-])")


def _replaced(words: str, names: Mapping[str, str], shape: str) -> str:
    """In one pass, the longest name first: what was put in is not looked at again."""
    if not names:
        return words
    choices = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.sub(shape.format(choices), lambda found: names[found[1].lower()], words, flags=re.IGNORECASE)
