"""Facts laid out for reading: plain values as name and value, lists of objects as tables."""

from collections.abc import Mapping, Sequence

from garant.kernel.canonical import Json
from garant.statement.queries.views import FactTable


def laid_out(facts: Mapping[str, Json]) -> tuple[list[tuple[str, str]], list[FactTable]]:
    """Name and value of every plain fact (nested names joined by a dot), and a table for every list of objects, by name.

    The database keeps no order of keys, hence the alphabet.
    """
    scalars: list[tuple[str, str]] = []
    tables: list[FactTable] = []
    for name, value in sorted(facts.items()):
        _lay(name, value, scalars, tables)
    return scalars, tables


def words_of(value: Json) -> str:
    """A plain value, or a list of them, as text."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(words_of(item) for item in value) or "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {words_of(item)}" for name, item in value.items()) or "–"
    return str(value)


def _lay(name: str, value: Json, scalars: list[tuple[str, str]], tables: list[FactTable]) -> None:
    if isinstance(value, Mapping):
        for inner, item in sorted(value.items()):
            _lay(f"{name}.{inner}", item, scalars, tables)
    elif isinstance(value, Sequence) and not isinstance(value, str) and value and all(isinstance(item, Mapping) for item in value):
        objects = [item for item in value if isinstance(item, Mapping)]
        columns = sorted({key for item in objects for key in item})
        tables.append(FactTable(name, columns, [[words_of(item.get(column)) for column in columns] for item in objects]))
    else:
        scalars.append((name, words_of(value)))
