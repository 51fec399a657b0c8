"""The map beside the application's database, on a measure's behalf: every column spoken of, and everything that it compiles to in force.

Each run plants a table with a column of e-mail addresses that no map speaks of, in the session's own temporary schema, and must find it
by the same reading and the same comparison. It is gone with the transaction.
"""

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg

from garant.data.engines.catalogue import Session, connect, read
from garant.data.policy.catalogue import Catalogue
from garant.data.policy.compile.change import Change
from garant.data.policy.compile.plan import plan
from garant.data.policy.coverage import Coverage, coverage
from garant.data.policy.map import DataMap
from garant.data.policy.reading import parse
from garant.kernel.canonical import Json
from garant.kernel.errors import ConfigurationError, EngineError
from garant.kernel.promise import Canary, Observation, Promise
from garant.kernel.text import Text

NAMED = 20
"""Findings of a kind that the page names; all are counted."""


def map_of(path: Path | None) -> DataMap:
    """The application's map. Raises EngineError in both languages, since it becomes the reason of a verdict."""
    if path is None:
        raise EngineError(
            Text("aucune carte des données n’est nommée pour cette application.", "no data map is named for this application.")
        )
    try:
        return parse(path.read_text(encoding="utf-8"), name=path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise EngineError(
            Text(f"la carte des données {path.name} ne se lit pas ({error}).", f"the data map {path.name} cannot be read: {error}.")
        ) from error
    except ConfigurationError as error:
        first = str(error).splitlines()[0]
        raise EngineError(Text(f"la carte des données est fautive (en anglais : {first}).", f"the data map is wrong: {first}.")) from error


class Mapped:
    """Engine of `data.mapped`: does the map speak of every column?"""

    def __init__(self, database: Mapping[str, str | int], path: Path | None, role: str) -> None:
        self._database, self._path, self._role = database, path, role

    def apply(self, promise: Promise) -> tuple[str, ...]:  # noqa: ARG002 - the engine's shape
        """Nothing: a map is put in force by `garant map apply`, as the owner."""
        return ()

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002 - the engine's shape
        """Every column of the catalogue beside the map."""
        made = map_of(self._path)
        catalogue, planted = _with_canary(self._database, self._role)
        seen = coverage(made, catalogue)
        held = Canary.HELD if any(_about(each.subject, planted) for each in seen.findings) else Canary.MISSED
        own = Coverage(
            tuple(line for line in seen.lines if not _about(line.table, planted)),
            tuple(each for each in seen.findings if not _about(each.subject, planted)),
        )
        return Observation(checked=own.columns, in_scope=own.columns, facts=_facts(own), canary=held)


class Enforced:
    """Engine of `data.enforced`: is everything that the map compiles to in force?"""

    def __init__(self, database: Mapping[str, str | int], path: Path | None, role: str) -> None:
        self._database, self._path, self._role = database, path, role

    def apply(self, promise: Promise) -> tuple[str, ...]:  # noqa: ARG002 - the engine's shape
        """Nothing: measures do not hold the owner's password."""
        return ()

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002 - the engine's shape
        """The comparison that `garant map apply` makes, and the same with row security switched off in the copy that is compared."""
        made = map_of(self._path)
        with connect(self._database) as session:
            catalogue = read(session, application=self._role)
        changes = _changes(made, catalogue)
        tables = [each for each in made.collections if each.tenant and each.table in catalogue.tables]
        facts: dict[str, Json] = {
            "protected": len(tables),
            "different": [{"kind": each.kind.value, "subject": each.subject} for each in changes[:NAMED]],
            "differences": len(changes),
            "context": made.context,
        }
        return Observation(checked=len(tables), in_scope=len(tables), facts=facts, canary=_switched_off(made, catalogue, changes))


def differences(database: Mapping[str, str | int], path: Path | None, role: str) -> Callable[[], list[str]]:
    """For the measures that try the walls: what of the map is not in force, in English. Raises EngineError when called."""

    def found() -> list[str]:
        made = map_of(path)
        with connect(database) as session:
            return [each.text.en for each in _changes(made, read(session, application=role))]

    return found


def _changes(made: DataMap, catalogue: Catalogue) -> tuple[Change, ...]:
    table = next((catalogue.tables[each.table] for each in made.collections if each.table in catalogue.tables), None)
    return plan(made, catalogue, owner=table.owner if table is not None else f"{catalogue.application}_owner")


def _switched_off(made: DataMap, catalogue: Catalogue, changes: tuple[Change, ...]) -> Canary:
    """The canary of a comparison: one policy less than the server has must make one difference more."""
    for each in made.collections:
        table = catalogue.tables.get(each.table)
        if each.tenant and table is not None and table.policies and not any(change.subject == each.name for change in changes):
            bare = dict(catalogue.tables)
            bare[each.table] = type(table)(**{**table.__dict__, "policies": (), "secured": False})
            worse = _changes(made, type(catalogue)(**{**catalogue.__dict__, "tables": bare}))
            return Canary.HELD if len(worse) > len(changes) else Canary.MISSED
    return Canary.HELD if changes else Canary.MISSED


def _with_canary(database: Mapping[str, str | int], role: str) -> tuple[Catalogue, str]:
    name = f"garant_temoin_{uuid.uuid4().hex[:12]}"
    with connect(database) as session:
        try:
            with session.transaction(force_rollback=True):
                _plant(session, name)
                return read(session, application=role), name
        except psycopg.errors.InsufficientPrivilege as error:
            raise EngineError(
                Text(
                    "le témoin ne peut pas être posé dans la base; appliquez la carte (`garant map apply`).",
                    "the canary cannot be planted in the database; apply the map (`garant map apply`).",
                )
            ) from error


def _plant(session: Session, name: str) -> None:
    session.execute(f'create temporary table "{name}" (id int, courriel text) on commit drop'.encode())


def _about(subject: str, planted: str) -> bool:
    return planted in subject


def _facts(seen: Coverage) -> dict[str, Json]:
    kinds: dict[str, list[str]] = {}
    for each in seen.findings:
        kinds.setdefault(each.kind, []).append(each.subject)
    return {
        "tables": len(seen.lines),
        "columns": seen.columns,
        "mapped": seen.mapped,
        "personal": sum(line.personal for line in seen.lines),
        "sealed": sum(line.sealed for line in seen.lines),
        "without_tenant": [line.table for line in seen.without_tenant][:NAMED],
        "findings": {kind: subjects[:NAMED] for kind, subjects in sorted(kinds.items())},
        "found": len(seen.findings),
    }
