"""`garant settle`: the steps of `up` that need the database."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from django.conf import settings

from garant.access.queries.people import administrators
from garant.edge import service as edge
from garant.identity import queries
from garant.identity import service as identity
from garant.identity.service import tenant_transaction
from garant.kernel.clock import SystemClock
from garant.kernel.errors import GarantError
from garant.project import canaries, demo, places
from garant.statement import service as statement
from garant.vault import service as vault

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="What `garant up` does before the first visit. Safe to repeat.",
)
Data = Annotated[Path | None, typer.Option(help="Data directory.")]


@app.command()
def people(
    demonstration: Annotated[
        bool | None,
        typer.Option(
            "--demo/--no-demo",
            help="Also the demonstration's organisations and accounts; by default when the example application is protected.",
        ),
    ] = None,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """The root key, the operator's organisation, two that probes use and, with --demo, two public bodies with their people."""
    at = SystemClock().now()
    vault.make_root()
    canaries.make(base=settings.GARANT.base, at=at)
    if demonstration is None:
        demonstration = not settings.GARANT.application.upstream
    if not demonstration:
        operator(name=settings.GARANT.operator, base=settings.GARANT.base, at=at)
        return
    place = settings.DATA / "demo-accounts.txt"
    made = demo.load(operator=settings.GARANT.operator, base=settings.GARANT.base, at=at, note=lambda some: write_accounts(place, some))
    edge.hosts_changed()
    print(f"{len(made)} demonstration accounts were made.", file=sys.stderr)


def operator(*, name: str, base: str, at: datetime) -> None:
    """The operator's own organisation, which answers for the base host; made once."""
    with tenant_transaction(None, scope="operator"):
        found = next((tenant.id for tenant in queries.tenants() if tenant.operator), None)
        id_ = found or identity.add_tenant(slug="operator", name=name, host=base, at=at, actor="system:settle", operator=True).id
        edge.hosts_changed()
    with tenant_transaction(id_, scope="operator"):
        vault.make_tenant_keys(tenant=id_, at=at, actor="system:settle")
        someone = bool(administrators())
    settings.RUNTIME.note_trouble("people", "" if someone else NOBODY)


NOBODY = "nobody can sign in to the operator's console yet: garant tenant admin operator --admin NAME gives a link to do so"


def write_accounts(path: Path, accounts: Sequence[demo.Account]) -> None:
    """Append to the private file that holds the demonstration's passwords, down to the disk; nowhere else are they in clear."""
    lines = [f"{each.host:<32} {each.login:<10} {each.password:<26} {each.name} ({', '.join(each.roles)})\n" for each in accounts]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())


@app.command()
def statements(data: Data = None) -> None:  # noqa: ARG001 - read in main
    """Put the register of places and the statements of garant.toml in force; an unchanged document changes nothing."""
    with _noted("statements"):
        _statements()


@contextmanager
def _noted(step: str) -> Iterator[None]:
    """What fails is noted where `doctor` and the operator's page look, until it succeeds."""
    try:
        yield
    except GarantError as error:
        settings.RUNTIME.note_trouble(step, str(error))
        raise
    settings.RUNTIME.note_trouble(step, "")


def _statements() -> None:
    path = settings.GARANT.path
    beside = path.parent if path is not None else None
    trouble: GarantError | None = None
    try:
        placed = places.settle(at=SystemClock().now(), actor="system:settle")
        print(f"Register of places, version {placed.number}{' (new)' if placed.new else ''}.", file=sys.stderr)
    except GarantError as error:  # the former register stays in force, and statements are put in force all the same
        trouble = error
    for made in statement.import_catalogue(settings.GARANT.statements, at=SystemClock().now(), actor="system:settle", beside=beside):
        print(f"Statement {made.slug}, version {made.number}{' (new)' if made.new else ''}.", file=sys.stderr)
    if trouble is not None:
        raise trouble
