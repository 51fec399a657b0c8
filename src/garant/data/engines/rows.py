"""Rows of two organisations seen by the application's own role, in one transaction that is always rolled back.

The role of measures becomes the application (`set role`) and asks, under one organisation's context, for the other's rows, wherever a
relation that the application may read has the column of organisations: tables, partitions, views, materialized views.

| context | what is tried                                                                        |
|---------|--------------------------------------------------------------------------------------|
| own     | reading, changing, deleting the other's rows; giving it one's own rows               |
| unset   | reading anything at all                                                              |
| forged  | a context of the other that nobody signed; one's own with the other's name put in    |
| expired | the other's, rightly signed and out of date (a replay)                               |

Each run plants a table without row security beside the others: the same reader must find it readable, or the run is void.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg import sql

from garant.data.engines.trespass import Tried
from garant.data.policy.contexts import PLAIN, SIGNED, Contexts
from garant.kernel.errors import EngineError

Session = psycopg.Connection[tuple[object, ...]]
PLANTED = "garant_planted"
SETTINGS = (SIGNED, PLAIN)
SIGN = "select garant.canary_context(%s, %s)"

RELATIONS = """
select n.nspname, c.relname, c.relkind::text, a.attname, c.oid::int8
from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attname = any(%(columns)s) and not a.attisdropped and a.attnum > 0
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and (n.oid = pg_my_temp_schema() or (n.nspname not in ('pg_catalog', 'information_schema', 'garant') and n.nspname not like 'pg\\_%%'))
  and has_table_privilege(%(role)s, c.oid, 'select') and has_schema_privilege(%(role)s, n.oid, 'usage')
order by 1, 2, 4
"""


@dataclass(frozen=True)
class Relation:
    """What the application may read, and its column of organisations."""

    schema: str
    name: str
    kind: str
    column: str

    @property
    def sql(self) -> sql.Composed:
        return sql.SQL("{}.{}").format(sql.Identifier(self.schema), sql.Identifier(self.name))

    @property
    def label(self) -> str:
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Place:
    """The application's database as the probe enters it. `columns`: names of columns that hold the organisation; `signed`: whether a
    transaction's context is signed."""

    role: str
    columns: tuple[str, ...]
    signed: bool = True


def as_the_application(session: Session, place: Place, pair: tuple[str, str], now: datetime) -> tuple[Tried, bool]:
    """What each of the pair sees of the other, and whether the planted fault was found. Raises EngineError when it cannot be asked."""
    seen, contexts = Tried(), contexts_of(session, pair, now) if place.signed else Contexts({}, {}, signed=False)
    try:
        with session.transaction(force_rollback=True):
            session.execute("set local statement_timeout = '10s'")
            _plant(session, place, pair)
            relations = [Relation(*map(str, row[:4])) for row in session.execute(RELATIONS, _words(place)).fetchall()]
            session.execute(sql.SQL("set local role {}").format(sql.Identifier(place.role)))
            for me, other in (pair, pair[::-1]):
                _own_context(session, contexts.of(me), relations, me, other, seen)
                _try_each(session, {}, "unset", relations, None, seen)
                for name, context in contexts.false(me, other, now):
                    _try_each(session, context, name, relations, other, seen)
    except psycopg.Error as error:
        raise EngineError(f"the application’s role could not be tried: {str(error).strip().splitlines()[0]}") from error
    found = any(PLANTED in each for each in seen.through)
    seen.through = [each for each in seen.through if PLANTED not in each]
    return seen, found


def _words(place: Place) -> dict[str, object]:
    return {"columns": list(place.columns), "role": place.role}


def _plant(session: Session, place: Place, pair: tuple[str, str]) -> None:
    """A table that anybody may read, in a schema that dies with the session."""
    column = sql.Identifier(place.columns[0])
    session.execute(sql.SQL("create temporary table {} ({} text) on commit drop").format(sql.Identifier(PLANTED), column))
    for tenant in pair:
        session.execute(sql.SQL("insert into {} values (%s)").format(sql.Identifier(PLANTED)), [tenant])
    session.execute(sql.SQL("grant select on {} to {}").format(sql.Identifier(PLANTED), sql.Identifier(place.role)))


def contexts_of(session: Session, pair: Sequence[str], now: datetime) -> Contexts:
    """Contexts that hold, and contexts that held, of the two organisations made for probing; none where the function is not there."""
    soon, past = int((now + timedelta(minutes=15)).timestamp()), int((now - timedelta(seconds=120)).timestamp())
    try:
        with session.transaction():
            made = {(each, end): str(_one(session, each, end)) for each in pair for end in (soon, past)}
    except (psycopg.errors.UndefinedObject, psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName):
        return Contexts({}, {})
    except psycopg.errors.InsufficientPrivilege:
        return Contexts({}, {})
    return Contexts({each: made[each, soon] for each in pair}, {each: made[each, past] for each in pair})


def _one(session: Session, tenant: str, end: int) -> object:
    row = session.execute(SIGN, [tenant, end]).fetchone()
    return row[0] if row else ""


def _own_context(
    session: Session, context: Mapping[str, str] | None, relations: Sequence[Relation], me: str, other: str, seen: Tried
) -> None:
    if context is None:
        return
    with _inside(session, context):
        for each in relations:
            if each.name != PLANTED and _holds(session, each, me):
                seen.witness += 1
            _try(seen, f"own {each.label}", _holds(session, each, other))
            if each.kind in ("r", "p") and each.name != PLANTED:
                for verb in ("update", "delete", "move"):
                    _try(seen, f"{verb} {each.label}", _changes(session, each, verb, me, other))


def _try_each(
    session: Session, context: Mapping[str, str], name: str, relations: Sequence[Relation], tenant: str | None, seen: Tried
) -> None:
    with _inside(session, context):
        for each in relations:
            _try(seen, f"{name} {each.label}", _holds(session, each, tenant))


def _try(seen: Tried, asked: str, found: bool | None) -> None:
    seen.tries += 1
    if found is None:
        seen.unclear.append(asked)
    elif found:
        seen.through.append(asked)


@contextmanager
def _inside(session: Session, context: Mapping[str, str]) -> Iterator[None]:
    """A savepoint with this context; a setting that is not in it is empty, as a pooled connection would leave it."""
    with session.transaction(force_rollback=True):
        for name in SETTINGS:
            session.execute("select set_config(%s, %s, true)", [name, context.get(name, "")])
        yield


def _holds(session: Session, relation: Relation, tenant: str | None) -> bool | None:
    """Whether the relation shows a row of this organisation (None: of anybody). A refusal is a no; any other error is no answer."""
    column = sql.Identifier(relation.column)
    where = sql.SQL(" where {}::text = {}").format(column, sql.Literal(tenant)) if tenant is not None else sql.SQL("")
    return _true(session, sql.SQL("select exists (select from {}{})").format(relation.sql, where))


def _changes(session: Session, relation: Relation, verb: str, me: str, other: str) -> bool | None:
    column, table = sql.Identifier(relation.column), relation.sql
    one, two = sql.Literal(me), sql.Literal(other)
    said = {
        "update": sql.SQL("with t as (update {0} set {1} = {1} where {1}::text = {3} returning 1) select exists (select from t)"),
        "delete": sql.SQL("with t as (delete from {0} where {1}::text = {3} returning 1) select exists (select from t)"),
        "move": sql.SQL("with t as (update {0} set {1} = {3} where {1}::text = {2} returning 1) select exists (select from t)"),
    }[verb]
    return _true(session, said.format(table, column, one, two))


def _true(session: Session, query: sql.Composed) -> bool | None:
    try:
        with session.transaction(force_rollback=True):
            row = session.execute(query).fetchone()
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.IntegrityError, psycopg.errors.RaiseException):
        return False
    except psycopg.Error:
        return None
    return bool(row and row[0])
