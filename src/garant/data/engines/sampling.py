"""A few values of each text column, for the guesses of `discovery.py`: read, looked at, forgotten. Nothing is stored, logged or printed."""

from collections.abc import Mapping

import psycopg
from psycopg import sql

from garant.data.engines.catalogue import Session
from garant.data.policy.catalogue import Catalogue, Name
from garant.data.policy.discovery import TEXTS

ROWS = 20
LONGEST = 200
"""Characters of a value that are looked at."""


def samples(session: Session, catalogue: Catalogue) -> Mapping[Name, Mapping[str, list[str]]]:
    """Values by table and column. A table that this role may not read gives none; so does one whose rows are hidden from it."""
    found: dict[Name, Mapping[str, list[str]]] = {}
    for table in catalogue.held():
        columns = [column.name for column in table.columns if column.base in TEXTS]
        if not columns or table.kind == "f":
            continue
        wanted = sql.SQL(", ").join(sql.SQL("left({}::text, {})").format(sql.Identifier(name), sql.Literal(LONGEST)) for name in columns)
        asked = sql.SQL("select {} from {} limit {}").format(wanted, sql.Identifier(*table.table), sql.Literal(ROWS))
        try:
            with session.transaction():
                rows = session.execute(asked).fetchall()
        except psycopg.errors.InsufficientPrivilege:
            continue
        found[table.table] = {name: [str(row[place]) for row in rows if row[place]] for place, name in enumerate(columns)}
    return found
