"""The privileged reader: looks for words that measures made, and for keys, in everything that holds the application's data.

It answers where, never what stands there, and refuses any other word. It runs beside the supervisor, with the rights that reading the
database's files takes; measures ask it through two files (`project/seeker.py`).
"""

import os
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg
from psycopg import conninfo, sql

from garant.data.policy.sealed import envelope
from garant.data.policy.seeking import WORD, sought
from garant.drivers.process import PLAIN_ENVIRONMENT
from garant.kernel.canonical import Json
from garant.kernel.errors import EngineError, InputError
from garant.vault import service as vault

CHUNK = 4 * 1024 * 1024
LONGEST_DUMP = 600.0
"""Seconds."""
MOST_COLUMNS = 2_000

Column = tuple[str, str, str, str]
"""Schema, table, column, and the column that holds the organisation (empty: none of its own)."""


@dataclass(frozen=True)
class Holdings:
    """Where data lie. `server`: words of psycopg for the superuser; `programs`: PostgreSQL's; `cluster`: its directory."""

    server: Mapping[str, str]
    programs: Path
    cluster: Path
    databases: Sequence[str]
    application: str
    files: Sequence[Path] = ()
    logs: Sequence[Path] = ()


@dataclass(frozen=True)
class Asked:
    """What a measure wants to know."""

    id: str
    words: tuple[str, ...]
    columns: tuple[Column, ...] = ()


@dataclass
class Sought:
    """What was found. `words`: place to numbers of words; `keys`: places that hold a wrapping key; `columns`: see `_columns`."""

    words: dict[str, list[int]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    columns: dict[str, Json] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def fact(self, id_: str) -> dict[str, Json]:
        return {
            "id": id_,
            "words": {where: list(numbers) for where, numbers in self.words.items()},
            "keys": list(self.keys),
            "columns": self.columns,
            "errors": dict(self.errors),
        }


def read_request(value: object) -> Asked:
    """A request as it came in JSON. Raises InputError for anything that a measure would not ask."""
    if not isinstance(value, dict):
        raise InputError("a request is an object")
    id_, words, columns = value.get("id"), value.get("words"), value.get("columns", [])
    if not isinstance(id_, str) or not id_.isalnum() or len(id_) > 64:
        raise InputError("a request has an id of letters and digits")
    if not isinstance(words, list) or not 0 < len(words) <= 8 or not all(isinstance(each, str) and WORD.fullmatch(each) for each in words):
        raise InputError("only words that measures made are looked for")
    if not isinstance(columns, list) or len(columns) > MOST_COLUMNS:
        raise InputError("columns are a list")
    made = [tuple(each) for each in columns if isinstance(each, list) and len(each) == 4 and all(isinstance(part, str) for part in each)]
    if len(made) != len(columns):
        raise InputError("a column is [schema, table, column, tenant column]")
    return Asked(id_, tuple(words), tuple((a, b, c, d) for a, b, c, d in made))


def seek(asked: Asked, place: Holdings) -> Sought:
    """Look everywhere. What cannot be read is an error of its own and leaves the rest."""
    found = Sought()
    _attempt(found, "heap", lambda: _checkpoint(place))
    for where, parts in (
        ("heap", partial(_all, place.cluster / "base")),
        ("wal", partial(_all, place.cluster / "pg_wal")),
        ("dump", partial(_dumps, place)),
        ("files", partial(_several, place.files)),
        ("logs", partial(_several, place.logs)),
    ):
        _attempt(found, where, partial(_look, found, where, asked.words, parts))
        if where not in ("heap", "wal"):
            _attempt(found, f"keys in {where}", partial(_keys, found, where, parts))
    _attempt(found, "columns", lambda: _columns(found, asked.columns, place))
    return found


def _attempt(found: Sought, what: str, act: Callable[[], None]) -> None:
    try:
        act()
    except (OSError, EngineError, psycopg.Error) as error:
        found.errors[what] = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _look(found: Sought, where: str, words: Sequence[str], parts: Callable[[], Iterator[bytes]]) -> None:
    found.words[where] = sorted(number for number, _ in sought(words, parts()))


def _keys(found: Sought, where: str, parts: Callable[[], Iterator[bytes]]) -> None:
    if vault.stray_keys(parts()):
        found.keys.append(where)


def _connect(place: Holdings, database: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(conninfo.make_conninfo(**place.server, dbname=database, connect_timeout=10), autocommit=True)


def _checkpoint(place: Holdings) -> None:
    """What was just written comes to the files."""
    with _connect(place, place.application) as server:
        server.execute("checkpoint")


def _all(directory: Path) -> Iterator[bytes]:
    """Every file below, in parts, with a break between two files. Raises OSError when the directory itself cannot be read."""
    os.listdir(directory)
    for root, _, names in os.walk(directory):
        for name in names:
            path = Path(root) / name
            if path.is_symlink() or not path.is_file():
                continue
            try:
                with path.open("rb") as file:
                    while part := file.read(CHUNK):
                        yield part
            except FileNotFoundError:
                continue
            yield b"\0" * 64


def _several(directories: Sequence[Path]) -> Iterator[bytes]:
    for directory in directories:
        yield from _all(directory)


def _dumps(place: Holdings) -> Iterator[bytes]:
    """What `pg_dump` says of each database, as it streams. Raises EngineError when it fails."""
    for database in place.databases:
        words = {"PGHOST": place.server["host"], "PGPORT": str(place.server["port"]), "PGUSER": place.server["user"]}
        held = {**PLAIN_ENVIRONMENT, **words, "PGPASSWORD": place.server["password"], "LD_LIBRARY_PATH": str(place.programs.parent / "lib")}
        with subprocess.Popen(
            [str(place.programs / "pg_dump"), database], env=held, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as dump:
            if dump.stdout is None or dump.stderr is None:
                raise EngineError("pg_dump has no output")
            while part := dump.stdout.read(CHUNK):
                yield part
            said = dump.stderr.read(2000).decode(errors="replace").strip()
            if dump.wait(LONGEST_DUMP):
                raise EngineError(f"pg_dump of {database} failed: {said}")
        yield b"\0" * 64


def _columns(found: Sought, columns: Sequence[Column], place: Holdings) -> None:
    """For each column: values, algorithms, how many are no envelopes, how many name a key that is not of the row's organisation."""
    with _connect(place, place.databases[0]) as own:
        rows = own.execute("select k.id, t.id, t.slug, t.sealing from vault_datakey k join identity_tenant t on t.id = k.tenant_id")
        owners: dict[uuid.UUID, tuple[str, str]] = {}
        off: set[str] = set()
        for key, tenant, slug, sealing in rows:
            owners[uuid.UUID(str(key))] = (str(tenant), str(slug))
            off |= set() if sealing else {str(tenant), str(slug)}
    with _connect(place, place.application) as theirs:
        for schema, table, column, tenant in columns:
            with theirs.transaction():
                found.columns[f"{table}.{column}"] = _column(theirs, (schema, table, column, tenant), owners, off)


def _column(
    session: "psycopg.Connection[tuple[object, ...]]", column: Column, owners: Mapping[uuid.UUID, tuple[str, str]], off: set[str]
) -> Json:
    schema, table, name, tenant = column
    # Bytes of any type: a column that was made text holds no envelopes, and says so.
    value = sql.SQL("convert_to({0}::text, 'UTF8')" if _is_text(session, column) else "{0}").format(sql.Identifier(name))
    of = sql.SQL("{}::text").format(sql.Identifier(tenant)) if tenant else sql.SQL("null::text")
    query = sql.SQL("select {of}, substring({value} from 1 for 18), octet_length({value}) from {schema}.{table} where {name} is not null")
    values = plain = foreign = skipped = 0
    algorithms: dict[str, Json] = {}
    with session.cursor(name="garant_seek") as cursor:
        cursor.itersize = 5_000
        made = query.format(of=of, value=value, schema=sql.Identifier(schema), table=sql.Identifier(table), name=sql.Identifier(name))
        for whose, head, length in cursor.execute(made):
            if whose in off:
                skipped += 1
                continue
            values += 1
            seen = envelope(bytes(head), int(str(length))) if isinstance(head, bytes | memoryview) else None
            if seen is None:
                plain += 1
                continue
            algorithms[seen.algorithm] = int(str(algorithms.get(seen.algorithm, 0))) + 1
            if seen.key not in owners or (whose is not None and whose not in owners[seen.key]):
                foreign += 1
    return {"values": values, "plain": plain, "foreign": foreign, "left_out": skipped, "algorithms": algorithms}


def _is_text(session: "psycopg.Connection[tuple[object, ...]]", column: Column) -> bool:
    schema, table, name, _ = column
    found = session.execute(
        "select data_type <> 'bytea' from information_schema.columns where table_schema = %s and table_name = %s and column_name = %s",
        [schema, table, name],
    ).fetchone()
    if found is None:
        raise EngineError(f"there is no column {table}.{name}")
    return found == (True,)
