"""Reads the catalogue of the application's database: a dozen statements, no row of any table.

with connect(settings.APPLICATION_DATABASE) as session:
    catalogue = read(session, application="sondage")
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from garant.data.policy.catalogue import (
    Catalogue,
    ForeignKey,
    Function,
    LiveColumn,
    LiveRole,
    LiveTable,
    Name,
    RowPolicy,
    Sequence,
    Trigger,
)
from garant.kernel.errors import EngineError
from garant.kernel.text import Text

Session = psycopg.Connection[tuple[Any, ...]]
Rows = list[tuple[Any, ...]]
FILE = Path(__file__).parents[1] / "sql" / "catalogue_v1.sql"


def statements() -> Mapping[str, str]:
    """The named statements of the file."""
    parts = re.split(r"^-- name: (\w+)\n", FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


STATEMENTS = statements()


def connect(keywords: Mapping[str, str | int]) -> Session:
    """A connection in autocommit mode. Raises EngineError when the application's database does not answer."""
    if not keywords:
        raise EngineError(
            Text(
                "Garant ne connaît pas la base de données de l’application : GARANT_APPLICATION_DATABASE n’est pas donnée.",
                "Garant does not know the application’s database: set GARANT_APPLICATION_DATABASE.",
            )
        )
    try:
        return psycopg.connect(**{"connect_timeout": 5, **keywords}, autocommit=True)  # type: ignore[arg-type]
    except psycopg.OperationalError as error:
        said = (str(error).strip().splitlines() or ["no answer"])[0]
        raise EngineError(
            Text(
                f"la base de données de l’application ne répond pas (en anglais : {said}).",
                f"the application’s database does not answer: {said}.",
            )
        ) from error


def read(session: Session, *, application: str) -> Catalogue:
    """The whole catalogue, as it matters to the role `application`. Raises EngineError."""
    try:
        session.execute("set search_path = pg_catalog")  # so that every name in an expression comes back with its schema
        rows = {name: session.execute(text, {"app": application}).fetchall() for name, text in STATEMENTS.items()}
    except psycopg.Error as error:
        said = (str(error).strip().splitlines() or ["no answer"])[0]
        raise EngineError(
            Text(f"le catalogue de la base ne se lit pas (en anglais : {said}).", f"the database’s catalogue cannot be read: {said}.")
        ) from error
    ((database, version, plants, holder),) = rows["database"]
    return Catalogue(
        database=database,
        version=version,
        application=application,
        plants=plants,
        holder=holder,
        tables=_tables(rows),
        functions=tuple(
            Function(schema, name, arguments, owner, definer, volatility, tuple(config), source, executable)
            for schema, name, arguments, owner, definer, volatility, config, source, executable in rows["functions"]
        ),
        roles={
            name: LiveRole(name, superuser, bypasses, creates, frozenset(groups))
            for name, superuser, bypasses, creates, groups in rows["roles"]
        },
        sequences=tuple(Sequence(schema, name, readable) for schema, name, readable in rows["sequences"]),
        schemas=dict(rows["schemas"]),
    )


def _tables(rows: Mapping[str, Rows]) -> dict[Name, LiveTable]:
    columns: dict[Name, list[LiveColumn]] = defaultdict(list)
    for schema, table, name, type_, base, required in rows["columns"]:
        columns[schema, table].append(LiveColumn(name, type_, base, required))
    primary = {(schema, table): tuple(names) for schema, table, kind, names in rows["keys"] if kind == "p"}
    indexes: dict[Name, list[tuple[str, ...]]] = defaultdict(list)
    uniques: dict[Name, list[tuple[str, ...]]] = defaultdict(list)
    for schema, table, unique, names in rows["indexes"]:
        indexes[schema, table].append(tuple(names))
        if unique:
            uniques[schema, table].append(tuple(names))
    keys: dict[Name, list[ForeignKey]] = defaultdict(list)
    for schema, table, name, own, target_schema, target, theirs, *rest in rows["foreign_keys"]:
        keys[schema, table].append(ForeignKey(name, tuple(own), (target_schema, target), tuple(theirs), *rest))
    policies: dict[Name, list[RowPolicy]] = defaultdict(list)
    for schema, table, name, command, permissive, roles, using, check in rows["policies"]:
        policies[schema, table].append(RowPolicy(name, command, permissive, tuple(sorted(roles)), using, check))
    triggers: dict[Name, list[Trigger]] = defaultdict(list)
    for schema, table, name, enabled, definition in rows["triggers"]:
        triggers[schema, table].append(Trigger(name, enabled, definition))
    reads: dict[Name, set[Name]] = defaultdict(set)
    for schema, view, target_schema, target in rows["views"]:
        reads[schema, view].add((target_schema, target))
    return {
        (schema, name): LiveTable(
            schema=schema,
            name=name,
            kind=kind,
            owner=owner,
            columns=tuple(columns[schema, name]),
            primary_key=primary.get((schema, name), ()),
            uniques=tuple(sorted(uniques[schema, name])),
            indexes=tuple(sorted(indexes[schema, name])),
            foreign_keys=tuple(keys[schema, name]),
            secured=secured,
            forced=forced,
            policies=tuple(policies[schema, name]),
            triggers=tuple(triggers[schema, name]),
            granted=frozenset(granted),
            reads=frozenset(reads[schema, name]),
            invoker=invoker,
            parent=tuple(parent) if parent else None,
            rows=rows_,
        )
        for schema, name, kind, owner, secured, forced, rows_, invoker, parent, granted in rows["tables"]
    }
