"""Reading values out of parsed TOML while collecting every mistake with its line."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from garant.kernel.canonical import Json, canonical
from garant.kernel.source import Lines, Step
from garant.kernel.text import Text


class Reader:
    """One text and the mistakes found in it, in the order of its lines."""

    def __init__(self, text: str, name: str) -> None:
        self._lines = Lines(text)
        self._name = name
        self._problems: list[tuple[int, str]] = []

    @property
    def problems(self) -> list[str]:
        return [f"{self._name}:{line}: {message}" for line, message in sorted(self._problems, key=lambda found: found[0])]

    def say(self, path: tuple[Step, ...], message: str) -> None:
        self._problems.append((self._lines.of(*path), message))

    def unique(self, table: str, key: str, values: Sequence[str]) -> None:
        """Refuse the second of two equal values, and say where the first stands."""
        for index, value in enumerate(values):
            if value and value in values[:index]:
                first = self._lines.of(table, values.index(value), key)
                self.say((table, index, key), f"{table} {value!r} is already at line {first}; write another {key}")

    def nearest(self, wrong: str, known: Collection[str]) -> str:
        """`write "control"` when one name is close, else the list of them."""
        close = difflib.get_close_matches(wrong, known, n=1, cutoff=0.6)
        if close:
            return f"write {close[0]!r}"
        return f"write one of {', '.join(sorted(known))}" if known else "none is known yet"


class Table:
    """One table: its values by key, each checked as it is taken. A missing or wrong value is said once and read as empty."""

    def __init__(self, reader: Reader, path: tuple[Step, ...], data: Mapping[str, Any]) -> None:
        self._reader = reader
        self._path = path
        self._data = data

    def say(self, key: str, message: str) -> None:
        self._reader.say((*self._path, key), message)

    def has(self, key: str) -> bool:
        return key in self._data

    def only(self, *keys: str) -> None:
        for key in self._data:
            if key not in keys:
                self.say(key, f"unknown key {key!r} in {self._title()}; {self._reader.nearest(key, keys)}")

    def string(self, key: str) -> str:
        value = self._data.get(key)
        if isinstance(value, str) and value.strip():
            return value
        self._wrong(key, 'a text between quotes: {key} = "..."')
        return ""

    def strings(self, key: str) -> tuple[str, ...]:
        value = self._data.get(key, [])
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self._wrong(key, 'a list of texts: {key} = ["...", "..."]')
        return ()

    def flag(self, key: str) -> bool:
        value = self._data.get(key, False)
        if not isinstance(value, bool):
            self._wrong(key, "true or false")
        return value is True

    def day(self, key: str, *, required: bool = True) -> date | None:
        value = self._data.get(key)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if required or value is not None:
            self._wrong(key, "a date without quotes: {key} = 2026-11-20")
        return None

    def text(self, key: str, *, required: bool = True) -> Text | None:
        """`{ fr = "...", en = "..." }`, both demanded."""
        value = self._data.get(key)
        if value is None and not required:
            return None
        if not isinstance(value, dict):
            self._wrong(key, 'both languages: {key} = {{ fr = "...", en = "..." }}')
            return None
        inner = Table(self._reader, (*self._path, key), value)
        inner.only("fr", "en")
        return inner.sentence()

    def sentence(self) -> Text | None:
        """`fr` and `en` of this table, both demanded."""
        found = {}
        for language, other in (("fr", "en"), ("en", "fr")):
            value = self._data.get(language)
            if isinstance(value, str) and value.strip():
                found[language] = value
            else:
                what = "is empty" if language in self._data else "is missing"
                self.say(language, f'{language} {what} in {self._title()}; write {language} = "..." beside {other}')
        return Text(found["fr"], found["en"]) if len(found) == 2 else None

    def parameters(self, key: str) -> Mapping[str, Json] | None:
        """A table of texts, whole numbers, true, false, and lists of them."""
        value = self._data.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self._wrong(key, "a table: {key} = {{ daily = 14 }}")
            return None
        try:
            canonical(value)
        except TypeError:
            self.say(
                key,
                f"{key} of {self._title()} may hold texts, whole numbers, true and false; write a share in basis points, a date as text",
            )
            return None
        return value

    def table(self, key: str) -> "Table | None":
        value = self._data.get(key)
        if isinstance(value, dict):
            return Table(self._reader, (*self._path, key), value)
        self._reader.say((*self._path, key), f"the table [{key}] is missing; write [{key}] on a line of its own")
        return None

    def tables(self, key: str, *, required: bool = True) -> list["Table"]:
        value = self._data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.say(key, f"{key} is not a list of tables; write [[{key}]] before each")
            return []
        if required and not value:
            self.say(key, f"there is no {key}; write [[{key}]] at least once")
        return [Table(self._reader, (*self._path, key, index), item) for index, item in enumerate(value)]

    def known(self, key: str, value: str, names: Collection[str] | None, message: str) -> None:
        if value and names is not None and value not in names:
            self.say(key, f"{message}; {self._reader.nearest(value, names)}")

    def _wrong(self, key: str, wanted: str) -> None:
        wanted = wanted.format(key=key)
        if key in self._data:
            self.say(key, f"{key} in {self._title()} is {self._data[key]!r}; write {wanted}")
        else:
            self.say(key, f"{key} is missing in {self._title()}; write {wanted}")

    def _title(self) -> str:
        names = [step for step in self._path if isinstance(step, str)]
        id_ = self._data.get("id") or self._data.get("key")
        if isinstance(id_, str) and len(self._path) == 2:
            return f"{names[-1]} {id_}"
        return f"[{'.'.join(names)}]" if names else "the document"
