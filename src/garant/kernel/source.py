"""Where in a TOML text a value was written: `tomllib` forgets it, people need it.

    Lines(text).of("claim", 3, "control")     the line of `control` in the fourth [[claim]], else of that [[claim]], else 1

Understands table headers, keys at the start of a line, and multi-line strings and arrays (their content is skipped). A value inside an
inline table is placed at the line of its key.
"""

import re
import tomllib
from typing import Any

Step = str | int

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*(?:\"([^\"]+)\"|'([^']+)'|([\w.-]+))\s*=")
_QUOTES = ('"""', "'''")


def load_toml(text: str) -> dict[str, Any]:
    """Raises tomllib.TOMLDecodeError, for what Python itself gives up on too: endless numbers, endless nesting."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:
        raise tomllib.TOMLDecodeError("a number has more digits than are read; write a shorter one") from error
    except RecursionError as error:
        raise tomllib.TOMLDecodeError("tables or lists are nested too deep; write them flatter") from error


class Lines:
    """The lines of one text, by path."""

    def __init__(self, text: str) -> None:
        self._found: dict[tuple[Step, ...], int] = {}
        self._counts: dict[tuple[Step, ...], int] = {}
        table: tuple[Step, ...] = ()
        closing = ""
        for number, line in enumerate(text.splitlines(), 1):
            if closing:
                closing = "" if line.count(closing) % 2 else closing
            elif header := _HEADER.match(line):
                table = self._enter(header.group(2), repeated=header.group(1) == "[[")
                self._found.setdefault(table, number)
                if isinstance(table[-1], int):
                    self._found.setdefault(table[:-1], number)
            elif key := _KEY.match(line):
                name = next(part for part in key.groups() if part)
                self._found.setdefault((*table, *name.split(".")), number)
                closing = next((quotes for quotes in _QUOTES if line.count(quotes) % 2), "")

    def of(self, *path: Step) -> int:
        """The line of the nearest enclosing thing that has one; 1 at worst."""
        while path and path not in self._found:
            path = path[:-1]
        return self._found.get(path, 1)

    def _enter(self, name: str, *, repeated: bool) -> tuple[Step, ...]:
        parts = [part.strip().strip("\"'") for part in name.split(".")]
        path: tuple[Step, ...] = ()
        for part in parts[:-1]:
            path = (*path, part)
            if path in self._counts:
                path = (*path, self._counts[path])
        path = (*path, parts[-1])
        if not repeated:
            return path
        self._counts[path] = self._counts.get(path, -1) + 1
        return (*path, self._counts[path])
