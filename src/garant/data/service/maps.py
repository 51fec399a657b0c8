"""Verbs on the data map: read, propose, compare, put in force, record, seal what was in clear.

Those on the application's database take the words of a connection (`database`); only `record_map` writes in Garant's own.
"""

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from django.db.models import Max
from psycopg import sql

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.data.engines import apply as engine
from garant.data.engines import backfill
from garant.data.engines.catalogue import Session, connect, read
from garant.data.engines.sampling import samples
from garant.data.models import MapVersion
from garant.data.policy.catalogue import Catalogue
from garant.data.policy.compile.change import Change
from garant.data.policy.compile.plan import tenants_of
from garant.data.policy.coverage import Coverage, coverage
from garant.data.policy.map import DataMap
from garant.data.policy.reading import parse
from garant.data.policy.source import MapError as MapError
from garant.data.policy.writing import proposal
from garant.identity.service import tenant_transaction
from garant.kernel.canonical import Json
from garant.kernel.errors import ConfigurationError, InputError

Database = Mapping[str, str | int]


@dataclass(frozen=True)
class MapRecorded:
    """`new`: this text was not the newest version."""

    number: int
    new: bool


@dataclass(frozen=True)
class Checked:
    """A map beside its database. `changes`: what `apply_map` would do."""

    coverage: Coverage
    changes: tuple[Change, ...]

    @property
    def whole(self) -> bool:
        return not self.coverage.findings and not self.changes


def read_map(path: Path) -> DataMap:
    """The map in a file. Raises MapError with every mistake, ConfigurationError when the file cannot be read."""
    return parse(map_text(path), name=str(path))


def map_text(path: Path) -> str:
    """The text of a map's file."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path}: there is no such file; `garant map init > {path.name}` proposes a map") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: the map cannot be read: {error}; it is a text file in UTF-8") from error


def read_catalogue(*, database: Database, application: str) -> Catalogue:
    """The application's database as its catalogue describes it to this role."""
    with connect(database) as session:
        return read(session, application=application)


def propose_map(*, database: Database, application: str, role: str) -> str:
    """The text of a map for a live database. Values are looked at and forgotten."""
    with connect(database) as session:
        catalogue = read(session, application=role)
        if catalogue.roles.get(role) is not None and session.info.user != role:
            _become(session, role)
        return proposal(catalogue, samples(session, catalogue), application=application)


def check_map(*, made: DataMap, database: Database, role: str) -> Checked:
    """What the map and the database say of each other, and what separates them."""
    with connect(database) as session:
        catalogue = read(session, application=role)
        return Checked(coverage(made, catalogue), engine.differences(session, made, application=role))


def map_changes(*, made: DataMap, database: Database, role: str) -> tuple[Change, ...]:
    """What has drifted from the map, or is not in force yet: a policy that is off, a trigger that is gone, a right that was given."""
    with connect(database) as session:
        return engine.differences(session, made, application=role)


def apply_map(*, made: DataMap, database: Database, role: str, key: bytes | None) -> tuple[Change, ...]:
    """Bring the database to the map, in one transaction, as the owner of its tables (`database`); the differences that were found."""
    with connect(database) as session:
        return engine.apply(session, made, application=role, key=key)


def record_map(*, made: DataMap, source: str, at: datetime, actor: str, applied: int | None = None) -> MapRecorded:
    """Keep the text as a version of this application's map, with an entry; an unchanged text makes none.

    `applied`: how many differences were ended just now; an entry of its own when there were any.
    """
    digest = hashlib.sha256(source.encode()).hexdigest()
    with tenant_transaction(None):
        newest = MapVersion.objects.filter(application=made.application).order_by("-number").first()
        new = newest is None or newest.digest != digest
        number = newest.number if newest is not None else 0
        if new:
            number = 1 + (MapVersion.objects.filter(application=made.application).aggregate(last=Max("number"))["last"] or 0)
            columns = sum(1 for _ in made.columns())
            MapVersion.objects.create(
                application=made.application,
                number=number,
                digest=digest,
                source=source,
                tables=len(made.collections) + len(made.not_personal),
                columns=columns,
                at=at,
                actor=actor,
            )
            payload: dict[str, Json] = {"application": made.application, "version": number, "sha256": digest, "columns": columns}
            audit.append(Kind.DATA_MAP_RECORDED, at=at, actor=actor, payload=payload)
        if applied:
            payload = {"application": made.application, "version": number, "changes": applied}
            audit.append(Kind.DATA_MAP_APPLIED, at=at, actor=actor, payload=payload)
    return MapRecorded(number, new)


def backfill_column(
    *,
    made: DataMap,
    column: str,
    database: Database,
    role: str,
    seal: Callable[[str, str, str], backfill.Seal],
    tenants: Sequence[str] = (),
    sign: Callable[[str], str] | None = None,
    progress: Callable[[int, int], None],
) -> int:
    """Seal the plaintext that `column` (`table.column`, sealed with `replaces` in the map) takes over; how many values it took now.

    `seal`: gives, for a table, a column and a key class, what seals. `tenants` with `sign`: whose rows, and the context in which they
    show; without, all rows that this role sees. Safe to kill and to run again.
    """
    job, data_class = _job(made, column, read_catalogue(database=database, application=role))
    with connect(database) as session:
        contexts = _contexts(sign, tenants)
        total = backfill.pending(session, job, contexts)
        sealer = seal(job.table.name, job.sealed, data_class)
        return backfill.run(session, job, sealer, contexts, progress=lambda done: progress(done, total))


def _job(made: DataMap, named: str, catalogue: Catalogue) -> tuple[backfill.Job, str]:
    table_name, _, column_name = named.rpartition(".")
    collection = made.collection(table_name) if table_name else None
    column = collection.column(column_name) if collection is not None else None
    ready = [f"{each.name}.{one.name}" for each, one in made.sealed() if one.sealing is not None and one.sealing.replaces]
    if collection is None or column is None or column.sealing is None or not column.sealing.replaces:
        known = ", ".join(ready) or "none yet: write `sealed: {replaces: <column in clear>}` in the map"
        raise InputError(f"{named!r} is no sealed column that replaces another; in this map there are: {known}")
    table, tenant = catalogue.tables.get(collection.table), tenants_of(made, catalogue).get(collection.table)
    if table is None or tenant is None or not tenant.own:
        raise InputError(f"{collection.name} must be in the database and carry its tenant in a column of its own")
    for name, base in ((column.name, "bytea"), (column.sealing.replaces, "")):
        live = table.column(name)
        if live is None or (base and live.base != base):
            raise InputError(f"{collection.name} needs the column {name}{' of type bytea' if base else ''}; add it with a migration first")
    return backfill.Job(table, tenant.column, column.sealing.replaces, column.name), column.sealing.data_class


def _become(session: Session, role: str) -> None:
    """Take the application's role where this one may: it is who can read the rows."""
    with contextlib.suppress(psycopg.Error):
        session.execute(sql.SQL("set role {}").format(sql.Identifier(role)))


def _contexts(sign: Callable[[str], str] | None, tenants: Sequence[str]) -> backfill.Contexts:
    """One setter of the signed context for each organisation; where nothing can be signed, one that says nothing."""
    if sign is None:
        return (lambda _: None,)

    def entering(tenant: str) -> Callable[[Session], None]:
        def enter(session: Session) -> None:
            session.execute("select set_config('garant.ctx', %s, true)", [sign(tenant)])

        return enter

    return tuple(entering(tenant) for tenant in tenants)
