"""Writes a word through the application, then looks for it everywhere in clear (AST-47, AST-48, EHQ-32).

Each resident plants two words: `{secret}` goes where the application seals, `{mark}` where it does not. The privileged reader looks for
both: the mark must be found in the database's files, its log, a dump and the application's files, or the search of that place proves
nothing (it is not among `read`, and the run is void when no place found it); the secret must be found in none of them.

Then every sealed column of the data map is read: envelopes only, each under a key of its own organisation. What the residents had sealed
is opened again at its place, by the vault.
"""

import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from garant.data.engines.house import Connect
from garant.data.engines.rows import contexts_of
from garant.data.engines.walk import planted, walker
from garant.data.policy.map import DataMap
from garant.data.policy.recipe import Recipe
from garant.drivers.process import Deadline
from garant.identity import queries as identity
from garant.identity.service import tenant_transaction
from garant.kernel.canonical import Json
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError, GarantError
from garant.kernel.promise import Canary, Observation, Promise
from garant.kernel.text import Text
from garant.kernel.visitor import Resident, Residents
from garant.vault import service as vault

Seek = Callable[[Mapping[str, Json]], Mapping[str, Json]]
"""Asks the privileged reader and waits for its answer. Raises EngineError when none comes."""

Session = psycopg.Connection[tuple[object, ...]]
PATIENCE = 180.0
"""Seconds that the privileged reader may take."""
MOST_ROWS = 50
"""Of one resident's rows in one column, those that are opened."""


@dataclass(frozen=True)
class Strongroom:
    """Where the measure looks. `role`: the application's; `made`: the data map."""

    residents: Residents
    recipe: Callable[[], Recipe]
    seek: Seek
    connect: Connect
    role: str
    made: Callable[[], DataMap]


@dataclass
class _Opened:
    values: int = 0
    secret: int = 0
    moved: list[str] = field(default_factory=list)


class Sealed:
    """See above."""

    def __init__(self, deployment: Deployment, room: Strongroom) -> None:
        self._deployment, self._room = deployment, room

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:
        """What was found in clear, what is no envelope, what does not open. Raises EngineError when nobody can look."""
        room, made = self._room, self._room.made()
        columns = [(*collection.table, column.name, collection.own_tenant) for collection, column in made.sealed()]
        recipe = room.recipe()
        with room.residents() as residents:
            pair = [walker(self._deployment, each) for each in residents]
            with planted(pair, recipe):
                words = [each.known[name] for name in ("secret", "mark") for each in pair]
                asked: dict[str, Json] = {"id": secrets.token_hex(12), "words": list(words), "columns": [list(each) for each in columns]}
                found = room.seek(asked)
                opened = self._open(residents, columns, [each.known["secret"] for each in pair])
        return _observation(promise, found, opened, len(pair))

    def _open(self, residents: Sequence[Resident], columns: Sequence[tuple[str, str, str, str]], words: Sequence[str]) -> _Opened:
        opened = _Opened()
        if not columns:
            return opened
        now = self._deployment.clock.now()
        with self._room.connect() as session:
            contexts = contexts_of(session, [each.slug for each in residents], now)
            for resident, word in zip(residents, words, strict=True):
                settings = contexts.of(resident.slug)
                if settings is None:
                    continue
                for column in columns:
                    rows = _rows(session, self._room.role, settings, column)
                    _unseal(resident.tenant, column, rows, word, opened)
        return opened


def _rows(session: Session, role: str, settings: Mapping[str, str], column: tuple[str, str, str, str]) -> list[tuple[str, bytes]]:
    """Key and sealed value of a resident's own rows, as the application reads them."""
    schema, table, name, _ = column
    with session.transaction(force_rollback=True):
        key = _key_of(session, schema, table)
        session.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
        for setting, value in settings.items():
            session.execute("select set_config(%s, %s, true)", [setting, value])
        query = sql.SQL("select {}::text, {} from {}.{} where {} is not null limit {}").format(
            sql.Identifier(key),
            sql.Identifier(name),
            sql.Identifier(schema),
            sql.Identifier(table),
            sql.Identifier(name),
            sql.Literal(MOST_ROWS),
        )
        try:
            rows = session.execute(query).fetchall()
        except psycopg.Error as error:
            raise EngineError(f"{table}.{name} could not be read: {str(error).strip().splitlines()[0]}") from error
    return [(str(row), bytes(value)) for row, value in rows if isinstance(value, bytes | memoryview)]


def _key_of(session: Session, schema: str, table: str) -> str:
    found = session.execute(
        "select a.attname from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace"
        " join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)"
        " where i.indisprimary and n.nspname = %s and c.relname = %s and i.indnatts = 1",
        [schema, table],
    ).fetchone()
    if found is None:
        raise EngineError(f"{table} has no primary key of one column, by which a sealed value has its place")
    return str(found[0])


def _unseal(tenant: uuid.UUID, column: tuple[str, str, str, str], rows: Sequence[tuple[str, bytes]], word: str, opened: _Opened) -> None:
    _, table, name, _ = column
    with tenant_transaction(tenant):
        for row, value in rows:
            opened.values += 1
            try:
                plain = vault.unseal(tenant=tenant, table=table, column=name, row=row, envelope=value)
            except GarantError:
                opened.moved.append(f"{table}.{name}")
                continue
            opened.secret += word.encode() in plain


def _observation(promise: Promise, found: Mapping[str, Json], opened: _Opened, pair: int) -> Observation:
    """Facts from what the reader answered. The first `pair` words are secrets, the next are marks."""
    words = found.get("words")
    places = words if isinstance(words, Mapping) else {}
    seen = {where: {int(str(number)) for number in numbers} for where, numbers in places.items() if isinstance(numbers, list)}
    marks = set(range(pair, 2 * pair))
    columns = found.get("columns")
    checked = columns if isinstance(columns, Mapping) else {}
    read = sorted(where for where, numbers in seen.items() if numbers & marks)
    algorithms: dict[str, int] = {}
    for each in checked.values():
        held = each.get("algorithms") if isinstance(each, Mapping) else None
        for name, number in held.items() if isinstance(held, Mapping) else ():
            algorithms[name] = algorithms.get(name, 0) + int(str(number))
    with tenant_transaction(None, scope="operator"):
        customers = [each for each in identity.tenants() if not each.operator]
    facts: dict[str, Json] = {
        "clear": sorted(where for where, numbers in seen.items() if numbers - marks),
        "read": list(read),
        "keys": found.get("keys", []),
        "columns": len(checked),
        "values": sum(_count(each, "values") for each in checked.values()),
        "plain": sorted(name for name, each in checked.items() if _count(each, "plain")),
        "foreign": sorted(name for name, each in checked.items() if _count(each, "foreign")),
        "moved": sorted(set(opened.moved)),
        "opened": opened.secret,
        "algorithms": dict(algorithms),
        "on": sum(each.sealing for each in customers),
        "off": [each.id.hex[:8] for each in customers if not each.sealing],
        "errors": found.get("errors", {}),
        "aspect": promise.parameters.get("aspect", ""),
    }
    return Observation(
        checked=pair + sum(each.sealing for each in customers),
        in_scope=pair + sum(each.sealing for each in customers),
        facts=facts,
        canary=Canary.HELD if read else Canary.MISSED,
    )


def _count(column: Json, name: str) -> int:
    found = column.get(name) if isinstance(column, Mapping) else None
    return found if isinstance(found, int) else 0


def asking(*, write: Callable[[Mapping[str, Json]], None], read: Callable[[], Mapping[str, Json]]) -> Seek:
    """A reader that is asked through two files."""

    def seek(asked: Mapping[str, Json]) -> Mapping[str, Json]:
        write(asked)
        for _ in Deadline(PATIENCE).tries(0.2):
            found = read()
            if found.get("id") == asked["id"]:
                return found
        raise EngineError(
            Text(
                "le lecteur privilégié (processus seeker) n’a pas répondu; il ne tourne qu’avec la base de données embarquée.",
                "the privileged reader (process seeker) did not answer; it runs with the embedded database only.",
            )
        )

    return seek
