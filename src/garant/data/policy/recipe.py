"""How a probe's person writes one row and one file through the protected application: `garant-probe.toml`, beside its routes. Pure.

    [[plant]]                                   steps in order, as the person would take them
    page = "/gestion/nouveau/"                  optional: the page whose hidden fields are sent along (default: `post` itself)
    post = "/gestion/nouveau/"
    form = { title = "{mark}", language = "fr" }       names of fields may hold names too: "q-{question}"
    find = { survey = "location /gestion/([0-9a-f-]{36})/" }      names for later steps: `location` or `body`, then a pattern
    [[plant]]
    post = "/gestion/{survey}/pieces/"
    page = "/gestion/{survey}/"
    form = { file = "@{mark}.txt" }             `@name`: a file of this name that holds the mark
    [[read]]                                    where the row and the file are read; what shows the mark to another is a leak
    get = "/sondages/{survey}/"
    [[change]]                                  what would change or take away the row
    [[clean]]                                   takes away what was planted
    [[export]]                                  paths that would hand out many rows: each must be refused or absent (data.no_export)
    get = "/api/export"

`{mark}`: a random word, looked for as it is. `{secret}`: another, which only sealed columns may hold. `{other}`: what a trespasser writes.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field

from garant.kernel.errors import ConfigurationError
from garant.kernel.reading import Reader, Table
from garant.kernel.source import load_toml

NAME = re.compile(r"\{([a-z_]+)\}")
GIVEN = frozenset({"mark", "secret", "other"})
PARTS = ("plant", "read", "change", "clean", "export")


@dataclass(frozen=True)
class Step:
    """One request. `post` or `get`: a path; `find`: name to (`location` or `body`, pattern with one group)."""

    path: str
    method: str = "GET"
    page: str = ""
    form: Mapping[str, str] = field(default_factory=dict)
    find: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def path_for(self, known: Mapping[str, str]) -> str:
        return filled(self.path, known)


@dataclass(frozen=True)
class Recipe:
    """The steps of one application, in order."""

    plant: tuple[Step, ...]
    read: tuple[Step, ...]
    change: tuple[Step, ...] = ()
    clean: tuple[Step, ...] = ()
    export: tuple[Step, ...] = ()


def filled(text: str, known: Mapping[str, str]) -> str:
    """`text` with its names replaced; what is not known stays as it is."""
    return NAME.sub(lambda found: known.get(found[1], found[0]), text)


def parse(text: str, *, name: str) -> Recipe:
    """The recipe in a TOML text. Raises ConfigurationError with every mistake and its line."""
    try:
        data = load_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{name}: not valid TOML: {error}") from error
    reader = Reader(text, name)
    whole = Table(reader, (), data)
    whole.only(*PARTS)
    known = set(GIVEN)
    steps = {part: tuple(_step(each, known) for each in whole.tables(part, required=part in ("plant", "read"))) for part in PARTS}
    if reader.problems:
        raise ConfigurationError("\n".join(reader.problems))
    return Recipe(**steps)


def _step(table: Table, known: set[str]) -> Step:
    table.only("get", "post", "page", "form", "find")
    ways = [way for way in ("get", "post") if table.has(way)]
    if len(ways) != 1:
        table.say("get", 'a step has one path; write get = "/..." or post = "/..."')
        return Step("/")
    path, page = table.string(ways[0]), table.string("page") if table.has("page") else ""
    form, find = _texts(table, "form"), _texts(table, "find")
    for key, value in (*((ways[0], path), ("page", page)), *(("form", each) for pair in form.items() for each in pair)):
        for wanted in NAME.findall(value):
            if wanted not in known:
                table.say(
                    key, f"{{{wanted}}} is not known at this step; find it in an earlier one, or write one of {', '.join(sorted(known))}"
                )
    for value in (path, page):
        if value and not value.startswith("/"):
            table.say(ways[0], f"{value!r} is not a path; begin it with /")
    found = {each: rule for each, value in find.items() if (rule := _rule(table, value))}
    known.update(find)
    return Step(path, "POST" if ways[0] == "post" else "GET", page, form, found)


def _texts(table: Table, key: str) -> Mapping[str, str]:
    value = table.parameters(key) or {}
    if not all(isinstance(each, str) for each in value.values()):
        table.say(key, f"{key} holds texts only")
        return {}
    return {name: str(each) for name, each in value.items()}


def _rule(table: Table, value: str) -> tuple[str, str] | None:
    where, _, pattern = value.partition(" ")
    try:
        if where in ("location", "body") and re.compile(pattern).groups == 1:
            return where, pattern
    except re.error:
        pass
    table.say("find", f'{value!r} finds nothing; write "location PATTERN" or "body PATTERN", with one group in parentheses')
    return None
