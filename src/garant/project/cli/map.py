"""`garant map`."""

import json
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from psycopg import conninfo

from garant.data import service
from garant.data.policy import register as registers
from garant.data.policy.compile import order, places
from garant.data.policy.compile.change import Change, shown
from garant.data.policy.map import DataMap
from garant.identity import queries as identities
from garant.identity.service import tenant_transaction
from garant.kernel.clock import SystemClock
from garant.kernel.errors import ConfigurationError, InputError
from garant.sdk import context
from garant.sdk.envelope import Column
from garant.vault import service as vault

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="The data map of the protected application: propose one, check it, put it in force, read what it says.",
)
ACTOR = "system:command"
Data = Annotated[Path | None, typer.Option(help="Data directory.")]
File = Annotated[Path | None, typer.Option("--map", help="The map; by default application.map of garant.toml, else the example's.")]
Database = Annotated[
    str,
    typer.Option(
        help="The application's database, as libpq writes it (host=... dbname=... user=...), without a password: "
        "that comes from PGPASSWORD or ~/.pgpass."
    ),
]
Role = Annotated[str, typer.Option(help="The application's role in its database; by default application.role of garant.toml.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


class Shape(StrEnum):
    """What `show` prints."""

    SQL = "sql"
    ORDER = "order"
    ERASURE = "erasure"
    JURISDICTIONS = "jurisdictions"
    REGISTER = "register"


class Language(StrEnum):
    FR = "fr"
    EN = "en"


class Form(StrEnum):
    CSV = "csv"
    HTML = "html"


@app.command()
def init(database: Database = "", role: Role = "", data: Data = None) -> None:  # noqa: ARG001 - data is read in main
    """Propose a map from a live database, on standard output: `garant map init > garant-map.yaml`.

    Categories are guessed from names, types and a few values, which are neither kept nor shown. Read each line: a guess is a question.

    Exit codes: 0 proposed; 2 the database could not be read.
    """
    name = settings.GARANT.application.name
    print(service.propose_map(database=_database(database), application=name, role=_role(role)), end="")


@app.command()
def check(map_: File = None, database: Database = "", role: Role = "", json_: AsJson = False, data: Data = None) -> None:  # noqa: ARG001
    """Compare the map with the database: every column mapped, nothing mapped that is gone, everything in force.

    Each finding names the column, the line of the map and what to write there.

    Exit codes: 0 nothing to say; 1 something differs, each on a line; 2 the map or the database could not be read.
    """
    made = service.read_map(_path(map_))
    found = service.check_map(made=made, database=_database(database), role=_role(role))
    if json_:
        print(json.dumps(_plain(found), ensure_ascii=False, indent=1))
        raise typer.Exit(0 if found.whole else 1)
    for each in found.coverage.findings:
        print(f"{made.place(each.line)}: {each.sentence}")
    for change in found.changes:
        print(f"{made.path}: not in force: {change.text.en}; {_mend(change)}")
    for key in found.coverage.telling:
        print(f"{made.place(key.line)}: for information: {key.sentence}", file=sys.stderr)
    lines = found.coverage.lines
    print(
        f"garant: {len(lines)} tables, {found.coverage.mapped} of {found.coverage.columns} columns mapped, "
        f"{sum(line.personal for line in lines)} personal, {sum(line.sealed for line in lines)} sealed, "
        f"{len(found.coverage.without_tenant)} tables without a tenant of their own",
        file=sys.stderr,
    )
    raise typer.Exit(0 if found.whole else 1)


@app.command()
def show(
    as_: Annotated[Shape, typer.Option("--as", help="What the map compiles to.")] = Shape.SQL,
    map_: File = None,
    database: Database = "",
    role: Role = "",
    language: Annotated[Language, typer.Option(help="Of the register.")] = Language.FR,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """What the map compiles to: the SQL that brings this database to it, the order of a dump or of an erasure, where each category
    lies, the processing register.

    Exit codes: 0 shown; 2 the map or the database could not be read.
    """
    made = service.read_map(_path(map_))
    if as_ is Shape.JURISDICTIONS:
        for each in places.located(made):
            store = each.store
            print(f"{each.category:<48} {store.name:<16} {store.kind}/{store.engine:<12} {store.jurisdiction or '?'}")
    elif as_ is Shape.REGISTER:
        print(registers.as_csv(registers.register(made, language.value), language.value), end="")
    elif as_ is Shape.SQL:
        for change in service.map_changes(made=made, database=_database(database), role=_role(role)):
            print(f"-- {change.text.en}{'' if change.sql else ' (a person has to end it)'}")
            for statement in change.sql:
                print(f"{statement};")
    else:
        catalogue = service.read_catalogue(database=_database(database), application=_role(role))
        tables = [each.table for each in made.collections if each.table in catalogue.tables]
        ordered = order.dump_order(catalogue, tables) if as_ is Shape.ORDER else order.erasure_order(catalogue, tables)
        for number, step in enumerate(ordered, 1):
            keys = ", ".join(f"{key}{'' if later else ' (not deferrable)'}" for _, key, later in step.circular)
            print(f"{number:>3}  {', '.join(map(shown, step.tables))}{f'   circular: {keys}' if keys else ''}")


@app.command()
def register(
    map_: File = None,
    language: Annotated[Language, typer.Option(help="fr or en.")] = Language.FR,
    form: Annotated[Form, typer.Option("--as", help="csv or html.")] = Form.HTML,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """The processing register that the map says, on standard output.

    Exit codes: 0 written, no cell empty, every personal table covered; 1 written, with holes; 2 the map could not be read.
    """
    held = registers.register(service.read_map(_path(map_)), language.value)
    print((registers.as_csv if form is Form.CSV else registers.as_html)(held, language.value), end="")
    for name in held.outside:
        print(f"garant: no activity covers {name}, which holds personal data", file=sys.stderr)
    raise typer.Exit(1 if held.holes or held.outside or not held.rows else 0)


@app.command()
def apply(
    map_: File = None,
    database: Database = "",
    role: Role = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Bring the database to the map, in one transaction, as the owner of its tables; what is right already is not touched.

    Exit codes: 0 in force; 1 in force but for what a person has to end, or columns that the map does not speak of; 2 nothing was changed.
    """
    path, words = _path(map_), _role(role)
    made, given = service.read_map(path), _database(database)
    if dry_run:
        changes = service.map_changes(made=made, database=given, role=words)
    else:
        changes = service.apply_map(made=made, database=_owner(database, words), role=words, key=_key(made))
        ended = sum(bool(each.sql) for each in changes)
        service.record_map(made=made, source=service.map_text(path), at=SystemClock().now(), actor=ACTOR, applied=ended)
    for change in changes:
        print(f"{'would change' if dry_run and change.sql else 'changed' if change.sql else 'NOT CHANGED'}: {change.text.en}")
    found = service.check_map(made=made, database=given, role=words).coverage.findings
    for each in found:
        print(f"{made.place(each.line)}: {each.sentence}")
    print(f"garant: {made.path} is {'not applied (dry run)' if dry_run else 'in force'}; {len(changes)} differences", file=sys.stderr)
    raise typer.Exit(1 if found or any(not change.sql for change in changes) else 0)


@app.command()
def record(map_: File = None, data: Data = None) -> None:  # noqa: ARG001 - data is read in main
    """Keep the map's text as a version, with an entry in the log; an unchanged text makes none. `garant up` does it.

    Exit codes: 0 kept, or known already; 2 the map could not be read.
    """
    path = _path(map_)
    kept = service.record_map(made=service.read_map(path), source=service.map_text(path), at=SystemClock().now(), actor=ACTOR)
    print(f"Data map, version {kept.number}{' (new)' if kept.new else ''}.", file=sys.stderr)


@app.command()
def backfill(
    column: Annotated[str, typer.Argument(help="table.column: sealed in the map, with `replaces`.")],
    map_: File = None,
    database: Database = "",
    role: Role = "",
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Seal what is in clear in the column that this one replaces, in batches, while the application goes on.

    It may be stopped at any moment, even killed, and run again: it goes on with what is left.

    Exit codes: 0 nothing is left in clear; 2 it could not go on, for the reason said; what was sealed stays sealed.
    """
    words, made = _role(role), service.read_map(_path(map_))
    with tenant_transaction(None, scope="operator"):
        tenants = {tenant.slug: tenant.id for tenant in identities.tenants()}
    key = _key(made)
    clock = SystemClock()

    def sign(tenant: str) -> str:
        assert key is not None
        return context.sign(key, tenant=tenant, actor=ACTOR, purpose="backfill", expires=clock.now() + timedelta(minutes=5))

    done = service.backfill_column(
        made=made,
        column=column,
        database=_owner(database, words),
        role=words,
        seal=lambda table, name, data_class: _sealer(tenants, table, name, data_class),
        tenants=sorted(tenants),
        sign=sign if key is not None else None,
        progress=lambda done, of: print(f"\r{done} of {of} values", end="", file=sys.stderr, flush=True),
    )
    print(f"\n{column}: {done} values sealed, none left in clear.", file=sys.stderr)


def _sealer(
    tenants: Mapping[str, uuid.UUID], table: str, column: str, data_class: str
) -> Callable[[str, Sequence[tuple[str, str]]], list[bytes]]:
    """Seals a batch under the tenant's key, which is asked for anew each time: a suspension stops the run at its next batch."""

    def seal(tenant: str, rows: Sequence[tuple[str, str]]) -> list[bytes]:
        id_ = tenants.get(tenant)
        if id_ is None:
            raise InputError(f"rows of {table} belong to {tenant!r}, which is no organisation here; `garant tenant list` shows them")
        with tenant_transaction(id_):
            leased = vault.lease_to_application(tenant=id_, at=SystemClock().now(), data_class=data_class)
        sealing = Column(AESGCM(leased.material), leased.key_id, region=leased.region, tenant=id_, table=table, column=column)
        return [sealing.seal(row, text.encode()) for row, text in rows]

    return seal


def _path(given: Path | None) -> Path:
    found: Path | None = given or settings.DATA_MAP
    if found is None:
        raise ConfigurationError('no data map is named: write map = "garant-map.yaml" under [application] in garant.toml, or give --map')
    return found


def _role(given: str) -> str:
    return given or settings.GARANT.application.role or settings.GARANT.application.name


def _database(given: str) -> dict[str, Any]:
    """Words of a connection. Raises InputError for a password, which other processes could read."""
    if not given:
        return dict(settings.APPLICATION_DATABASE)
    try:
        words = conninfo.conninfo_to_dict(given)
    except Exception as error:
        raise InputError(f"--database {given!r} is not a connection; write host=... dbname=... user=...") from error
    if "password" in words:
        raise InputError("--database has a password in it, which every process of this machine can read; set PGPASSWORD instead")
    return dict(words)


def _owner(given: str, role: str) -> dict[str, Any]:
    """The same database as its tables' owner, whose password is a secret of root's."""
    if given:
        return _database(given)
    password = settings.RUNTIME.secret(f"database-{role}-owner")
    return {**settings.APPLICATION_DATABASE, "user": f"{role}_owner", "password": password}


def _key(made: DataMap) -> bytes | None:
    """The key that signs contexts, where the map says that they are signed."""
    if made.context != "signed":
        return None
    return context.read_key(settings.DATA / "secrets" / f"context-{settings.GARANT.application.name}")


def _mend(change: Change) -> str:
    return "`garant map apply` ends it" if change.sql else "a person has to end it"


def _plain(found: service.Checked) -> dict[str, Any]:
    held = found.coverage
    return {
        "columns": held.columns,
        "mapped": held.mapped,
        "tables": [line.__dict__ for line in held.lines],
        "findings": [{**each.__dict__, "sentence": each.sentence} for each in held.findings],
        "telling": [{**each.__dict__, "sentence": each.sentence} for each in held.telling],
        "not_in_force": [{"kind": each.kind.value, "subject": each.subject, "text": each.text.as_dict()} for each in found.changes],
    }
