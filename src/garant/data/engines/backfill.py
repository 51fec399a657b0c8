"""Seals a column that was in clear: batch after batch by primary key, while the application goes on.

1. A batch is one transaction: its rows are locked, sealed into the new column and emptied in the old one. Killed at any moment, a run
   leaves whole batches; the next run goes on with what is left, and has nothing else to know.
2. A row that somebody holds, or has just changed, is passed over and taken in the next round.
3. The values travel as one array a batch: the database is asked twice a batch, not once a row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import psycopg
from psycopg import sql

from garant.data.engines.catalogue import Session
from garant.data.policy.catalogue import LiveTable
from garant.drivers.process import Deadline
from garant.kernel.errors import EngineError

Seal = Callable[[str, Sequence[tuple[str, str]]], Sequence[bytes]]
"""Tenant, then rows as (key, plaintext): their envelopes, in the same order."""
Contexts = Sequence[Callable[[Session], None]]
"""What each transaction says first: one per organisation, since row security shows one at a time; a single one that says nothing where it
is not in force."""
BATCH = 10_000
"""Rows. Each batch looks over what is left of its organisation, so few large ones are cheaper; rows are held for tenths of a second."""
PATIENCE = "250ms"
HELD = 60
"""Seconds that rows which somebody holds are waited for."""


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
            done += _pass(session, job, seal, enter, batch, partial(_add, progress, done))
            for _ in Deadline(HELD).tries(0.2):
                left = pending(session, job, (enter,))
                if not left:
                    break
                done += _pass(session, job, seal, enter, batch, partial(_add, progress, done))
            else:
                raise EngineError(f"{left} rows of {job.table.name} are held by other transactions; run the back-fill again")
    except psycopg.Error as error:
        raise EngineError(f"{job.table.name}.{job.clear} could not be sealed further: {(str(error).splitlines() or [''])[0]}") from error
    return done


def _add(progress: Callable[[int], None], before: int, more: int) -> None:
    progress(before + more)


def _pass(session: Session, job: Job, seal: Seal, enter: Callable[[Session], None], batch: int, progress: Callable[[int], None]) -> int:
    """Once over the rows in clear, in the order of their keys; rows that somebody holds are passed over."""
    done, last = 0, None
    while True:
        try:
            sealed, last = _batch(session, job, seal, enter, last, batch, locking=False)
        except psycopg.errors.LockNotAvailable:
            sealed, last = _batch(session, job, seal, enter, last, batch, locking=True)
        if last is None:
            return done
        done += sealed
        progress(done)


def _batch(
    session: Session, job: Job, seal: Seal, enter: Callable[[Session], None], last: object, batch: int, *, locking: bool
) -> tuple[int, object]:
    """One batch after the key `last`: how many values, and the key where it ended (None: there was nothing).

    Without `locking` the rows are not held between reading and writing, and one that has changed meanwhile is left for the next pass: it
    costs a third less. When somebody holds one of them, the batch is taken again with `locking`, without those rows.
    """
    with session.transaction():
        session.execute("set local synchronous_commit = off")  # a batch that a crash takes back is a batch that is done again
        session.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(PATIENCE)))
        enter(session)
        rows = _take(session, job, last, batch, locking=locking)
        return (_put(session, job, seal, rows), rows[-1][0]) if rows else (0, None)


def _take(session: Session, job: Job, last: object, batch: int, *, locking: bool) -> list[tuple[object, str, str, str]]:
    """The next rows in clear: key, key as text, tenant, plaintext."""
    key, clear = sql.Identifier(job.table.primary_key[0]), sql.Identifier(job.clear)
    lock = sql.SQL("for update skip locked" if locking else "")
    after = sql.SQL("") if last is None else sql.SQL("and t.{} > {}").format(key, sql.Literal(last))
    asked = sql.SQL(
        "select t.{key}, t.{key}::text, t.{tenant}::text, t.{clear}::text from {table} as t where t.{clear} is not null {after}"
        " order by t.{key} limit {batch} {lock}"
    ).format(
        key=key,
        tenant=sql.Identifier(job.tenant),
        clear=clear,
        table=sql.Identifier(*job.table.table),
        after=after,
        batch=sql.Literal(batch),
        lock=lock,
    )
    return session.execute(asked, binary=True).fetchall()


def _put(session: Session, job: Job, seal: Seal, rows: Sequence[tuple[object, str, str, str]]) -> int:
    """Seals and writes; how many rows were still what had been read."""
    by_tenant: dict[str, list[tuple[object, str, str]]] = {}
    for key, text, tenant, clear in rows:
        by_tenant.setdefault(tenant, []).append((key, text, clear))
    keys: list[object] = []
    envelopes: list[bytes] = []
    texts: list[str] = []
    for tenant, held in by_tenant.items():
        envelopes += seal(tenant, [(text, clear) for _, text, clear in held])
        keys += [key for key, _, _ in held]
        texts += [clear for _, _, clear in held]
    column = job.table.column(job.table.primary_key[0])
    kind = sql.SQL(column.type if column is not None else "text")
    written = sql.SQL(
        "update {table} as t set {sealed} = v.sealed, {clear} = null"
        " from unnest(%b::{kind}[], %b::bytea[], %b::text[]) as v(key, sealed, clear) where t.{key} = v.key and t.{clear}::text = v.clear"
    ).format(
        table=sql.Identifier(*job.table.table),
        sealed=sql.Identifier(job.sealed),
        clear=sql.Identifier(job.clear),
        key=sql.Identifier(job.table.primary_key[0]),
        kind=kind,
    )
    return session.execute(written, [keys, envelopes, texts]).rowcount
