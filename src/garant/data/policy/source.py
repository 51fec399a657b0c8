"""YAML as a tree that knows its lines: read with the safe rules, and with every mistake collected as `file:line: what; write instead`.

Stricter than YAML: a key twice in one mapping, an alias (`*name`), a merge (`<<`), a tag (`!x`) and a second document are mistakes.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import yaml

from garant.kernel.errors import ConfigurationError

TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp"))
DEEPEST = 40
"""Levels of nesting: a map that is deeper was not written by a person."""


class MapError(ConfigurationError):
    """The data map cannot be used. `problems`: one line each, with file and line."""

    def __init__(self, problems: Collection[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Source:
    """One text and the mistakes found in it."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self._found: list[tuple[int, str]] = []
        self._text = text

    @property
    def problems(self) -> list[str]:
        """Every mistake once, in the order of its lines."""
        return [f"{self.name}:{line}: {message}" for line, message in sorted(set(self._found), key=lambda found: found[0])]

    def say(self, line: int, message: str) -> None:
        self._found.append((line, message))

    def root(self) -> "Table | None":
        """The mapping at the top; None after a mistake that leaves nothing to read."""
        node = self._compose()
        if node is None:
            return None
        if not isinstance(node, yaml.MappingNode):
            self.say(_line(node), "a data map is a mapping; write `dataset:` on a line of its own")
            return None
        return Table(self, node, "the map")

    def _compose(self) -> yaml.Node | None:
        depth = 0
        try:
            for event in yaml.parse(self._text, Loader=yaml.SafeLoader):
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                if depth > DEEPEST:
                    self.say(_at(event.start_mark), f"the map has more than {DEEPEST} levels; write it flatter")
                    return None
                if isinstance(event, yaml.AliasEvent):
                    self.say(_at(event.start_mark), f"the alias *{event.anchor} is not read; write the value out")
                tag = getattr(event, "tag", None)
                if tag and tag not in TAGS and tag != "!":
                    self.say(_at(event.start_mark), f"the tag {tag} is not read; write a plain value")
            if self._found:
                return None
            node: yaml.Node | None = yaml.compose(self._text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark if error.problem_mark is not None else error.context_mark
            self.say(
                1 if mark is None else int(mark.line) + 1,
                f"not valid YAML: {error.problem or error.context}; check the indentation and quotes",
            )
            return None
        except (yaml.YAMLError, RecursionError) as error:
            self.say(1, f"not valid YAML: {str(error).splitlines()[0]}")
            return None
        if node is None:
            self.say(1, "the map is empty; `garant map init` proposes one")
        return node


class Table:
    """One mapping: its values by key, each checked as it is taken. `title`: what it is, in messages."""

    def __init__(self, source: Source, node: yaml.MappingNode, title: str) -> None:
        self._source = source
        self._nodes: dict[str, yaml.Node] = {}
        self._lines: dict[str, int] = {}
        self.line = _line(node)
        self.title = title
        for key_node, value in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            line = _line(key_node)
            if not key:
                source.say(line, f"a key in {title} is not a word; write `name: value`")
            elif key in self._nodes:
                source.say(line, f"{key!r} is already in {title}, at line {self._lines[key]}; remove one of the two")
            else:
                self._nodes[key], self._lines[key] = value, line

    def __contains__(self, key: str) -> bool:
        return key in self._nodes

    def __iter__(self) -> Iterator[str]:
        """Every key, in the order of the file."""
        return iter(self._lines)

    def line_of(self, key: str) -> int:
        return self._lines.get(key, self.line)

    def say(self, key: str, message: str) -> None:
        self._source.say(self.line_of(key), message)

    def only(self, *known: str) -> None:
        """Refuse every other key."""
        for key, line in self._lines.items():
            if key not in known:
                self._source.say(line, f"unknown key {key!r} in {self.title}; {nearest(key, known)}")

    def word(self, key: str, *, required: bool = False) -> str:
        """A text; a number is read as its digits, as fideslang does."""
        node = self._nodes.get(key)
        if node is None:
            if required:
                self.say(key, f"{key} is missing in {self.title}; write `{key}: ...`")
            return ""
        if isinstance(node, yaml.ScalarNode) and not node.tag.endswith((":null", ":bool")) and (node.value.strip() or not required):
            return str(node.value).strip()
        self.say(key, f"{key} in {self.title} is not a text; write `{key}: ...` on one line")
        return ""

    def choice(self, key: str, among: Collection[str], default: str) -> str:
        """One of these words."""
        found = self.word(key)
        if found and found not in among:
            self.say(key, f"{key} in {self.title} is {found!r}; {nearest(found, among)}")
            return default
        return found or default

    def flag(self, key: str) -> bool:
        value = self.plain(key)
        if value is not None and not isinstance(value, bool):
            self.say(key, f"{key} in {self.title} is {value!r}; write true or false")
        return value is True

    def words(self, key: str) -> tuple[tuple[str, int], ...]:
        """A list of texts, each with its line; a single text stands for a list of one."""
        node = self._nodes.get(key)
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
            return ()
        items = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if not all(isinstance(item, yaml.ScalarNode) for item in items):
            self.say(key, f"{key} in {self.title} is not a list of words; write `{key}: [one, another]`")
            return ()
        return tuple((str(item.value), _line(item)) for item in items)

    def table(self, key: str, title: str = "") -> "Table | None":
        node = self._nodes.get(key)
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
            return None
        if isinstance(node, yaml.MappingNode):
            return Table(self._source, node, title or f"{key} of {self.title}")
        self.say(key, f"{key} in {self.title} is not a mapping; write `{key}:` and its keys, indented, below")
        return None

    def tables(self, key: str, title: str, *, required: bool = False) -> "list[Table]":
        """A list of mappings. `title`: what each is; `{}` stands for its name."""
        node = self._nodes.get(key)
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
            if required:
                self.say(key, f"{key} is missing in {self.title}; write `{key}:` and `- name: ...` below it")
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.say(key, f"{key} in {self.title} is not a list; write `- name: ...` below it")
            return []
        made = []
        for item in node.value:
            if isinstance(item, yaml.MappingNode):
                made.append(Table(self._source, item, title.format(_named(item))))
            else:
                self._source.say(_line(item), f"an entry of {key} is not a mapping; write `- name: ...`")
        return made

    def is_table(self, key: str) -> bool:
        return isinstance(self._nodes.get(key), yaml.MappingNode)

    def plain(self, key: str) -> Any:
        """The value as YAML means it: number, boolean, list, mapping."""
        node = self._nodes.get(key)
        if node is None:
            return None
        loader = yaml.SafeLoader("")
        try:
            return loader.construct_document(node)
        except yaml.YAMLError:
            self.say(key, f"{key} in {self.title} has a tag that is not read; write a plain value")
            return None
        finally:
            loader.dispose()


def nearest(wrong: str, known: Collection[str]) -> str:
    """`write 'tenant'` when one name is close, else the list of those that may stand there."""
    close = difflib.get_close_matches(wrong, known, n=1, cutoff=0.6)
    if close:
        return f"write {close[0]!r}"
    listed = sorted(known)
    if not listed:
        return "none is known"
    return f"write one of {', '.join(listed[:24])}{', ...' if len(listed) > 24 else ''}"


def pairs(table: Table | None) -> Mapping[str, str]:
    """Every key with its text."""
    return {} if table is None else {key: table.word(key) for key in table}


def _named(node: yaml.MappingNode) -> str:
    for wanted in ("name", "fides_key", "key"):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == wanted and isinstance(value, yaml.ScalarNode):
                return str(value.value)
    return f"at line {_line(node)}"


def _line(node: yaml.Node) -> int:
    return _at(node.start_mark)


def _at(mark: Any) -> int:
    """The line of a mark, from 1."""
    return 1 if mark is None else int(mark.line) + 1
