"""Seals a column that was in clear: batch after batch by primary key, while the application goes on.

1. A batch is one transaction: its rows are locked, sealed into the new column and emptied in the old one. Killed at any moment, a run
   leaves whole batches; the next run goes on with what is left, and has nothing else to know.
2. A row that somebody holds is passed over and taken in the next round.
3. The values travel as one array a batch: the database is asked twice a batch, not once a row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from garant.data.engines.catalogue import Session
from garant.data.policy.catalogue import LiveTable
from garant.kernel.errors import EngineError

Seal = Callable[[str, Sequence[tuple[str, str]]], Sequence[bytes]]
"""Tenant, then rows as (key, plaintext): their envelopes, in the same order."""
Contexts = Sequence[Callable[[Session], None]]
"""What each transaction says first: one per organisation, since row security shows one at a time; a single one that says nothing where it
is not in force."""
BATCH = 2_000
"""Rows."""


@dataclass(frozen=True)
class Job:
    """One column to seal. `clear`: where the plaintext is; `sealed`: where envelopes go; `tenant`: whose row it is."""

    table: LiveTable
    tenant: str
    clear: str
    sealed: str


def pending(session: Session, job: Job, contexts: Contexts) -> int:
    """Rows that are still in clear."""
    asked = sql.SQL("select count(*) from {} where {} is not null").format(sql.Identifier(*job.table.table), sql.Identifier(job.clear))
    total = 0
    for enter in contexts:
        with session.transaction():
            enter(session)
            (found,) = session.execute(asked).fetchone() or (0,)
            total += int(found)
    return total


def run(
    session: Session, job: Job, seal: Seal, contexts: Contexts, *, batch: int = BATCH, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Seal all that is in clear; how many values. `progress` hears the count after each batch. Raises EngineError."""
    if len(job.table.primary_key) != 1:
        raise EngineError(f"{job.table.name} needs a primary key of one column: the envelope of a value names its row")
    done = 0
    try:
        for enter in contexts:
            last, found = None, True
            while found or last is not None:
                with session.transaction():
                    enter(session)
                    rows = _take(session, job, last, batch)
                    if rows:
                        _put(session, job, seal, rows)
                found, last = bool(rows), rows[-1][0] if rows else None
                done += len(rows)
                progress(done)
    except psycopg.Error as error:
        raise EngineError(f"{job.table.name}.{job.clear} could not be sealed further: {(str(error).splitlines() or [''])[0]}") from error
    return done


def _take(session: Session, job: Job, last: object, batch: int) -> list[tuple[object, str, str, str]]:
    """The next rows in clear, locked: key, key as text, tenant, plaintext."""
    key, clear = sql.Identifier(job.table.primary_key[0]), sql.Identifier(job.clear)
    after = sql.SQL("") if last is None else sql.SQL("and {} > {}").format(key, sql.Literal(last))
    asked = sql.SQL(
        "select {key}, {key}::text, {tenant}::text, {clear}::text from {table} where {clear} is not null {after}"
        " order by {key} limit {batch} for update skip locked"
    ).format(
        key=key,
        tenant=sql.Identifier(job.tenant),
        clear=clear,
        table=sql.Identifier(*job.table.table),
        after=after,
        batch=sql.Literal(batch),
    )
    return session.execute(asked).fetchall()


def _put(session: Session, job: Job, seal: Seal, rows: Sequence[tuple[object, str, str, str]]) -> None:
    by_tenant: dict[str, list[tuple[object, str, str]]] = {}
    for key, text, tenant, clear in rows:
        by_tenant.setdefault(tenant, []).append((key, text, clear))
    keys: list[object] = []
    envelopes: list[bytes] = []
    for tenant, held in by_tenant.items():
        envelopes += seal(tenant, [(text, clear) for _, text, clear in held])
        keys += [key for key, _, _ in held]
    column = job.table.column(job.table.primary_key[0])
    kind = sql.SQL(column.type if column is not None else "text")
    written = sql.SQL(
        "update {table} as t set {sealed} = v.sealed, {clear} = null"
        " from unnest(%s::{kind}[], %s::bytea[]) as v(key, sealed) where t.{key} = v.key"
    ).format(
        table=sql.Identifier(*job.table.table),
        sealed=sql.Identifier(job.sealed),
        clear=sql.Identifier(job.clear),
        key=sql.Identifier(job.table.primary_key[0]),
        kind=kind,
    )
    session.execute(written, [keys, envelopes])
