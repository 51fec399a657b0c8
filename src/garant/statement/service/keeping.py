"""Keeping: the kernel's flow with the real log and the real page, one run at a time per measure."""

import contextlib
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from django.db import connection

from garant.kernel.clock import Clock
from garant.kernel.keep import Kept, keep
from garant.kernel.promise import Keeper, Promise
from garant.kernel.schedule import is_due
from garant.statement.policy.binding import Registry
from garant.statement.queries.binding import documents
from garant.statement.queries.binding import registry as the_registry
from garant.statement.queries.schedule import Due, due, upcoming
from garant.statement.queries.verdicts import newest_rows, silences
from garant.statement.service.publishing import publish, refresh
from garant.statement.service.recording import record

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Turn:
    """What became of one measure. `kept` None: another process was running it (`busy`), or it failed by a defect of ours (`defect`)."""

    due: Due
    kept: Kept | None = None
    busy: bool = False
    defect: str = ""


def keep_promise(
    *,
    promise: Promise,
    keeper: Keeper,
    clock: Clock,
    registry: Registry | None = None,
    actor: str = "system:worker",
    only_when_due: bool = False,
) -> Kept | None:
    """Run the flow once, outside any transaction but for `record` and `publish`, which have one each.

    None when another process is running this very measure, or, with `only_when_due`, when it has just been run.
    """
    table = the_registry() if registry is None else registry
    pair = (promise.identity, keeper.measure.key)
    with _alone(*pair) as alone:
        if not alone:
            return None
        if only_when_due:
            rows = newest_rows([pair])
            last, silent = rows.get(pair), silences(rows).get(pair)
            if last is not None and not is_due(keeper.measure, last.decided_at, clock.now(), silent=silent):
                return None
        return keep(
            promise,
            keeper,
            record=partial(record, actor=actor),
            publish=lambda kept: _told(kept, publish(kept, registry=table, actor=actor)),
            clock=clock,
        )


def keep_due(*, clock: Clock, registry: Registry | None = None, queue: str | None = None, actor: str = "system:worker") -> list[Turn]:
    """Keep what is due, of one queue or of all, one after the other, then turn stale what time has outrun."""
    table = the_registry() if registry is None else registry
    turns = [_turn(each, clock, table, actor) for each in due(table, documents(), clock.now(), queue=queue)]
    refresh(now=clock.now(), registry=table, actor=actor)
    return turns


def keep_once(*, clock: Clock, registry: Registry | None = None, actor: str = "system:command") -> list[Turn]:
    """Keep everything now, due or not: `garant keep --once`."""
    table = the_registry() if registry is None else registry
    turns = [_turn(each, clock, table, actor) for each in upcoming(table, documents(), clock.now())]
    refresh(now=clock.now(), registry=table, actor=actor)
    return turns


def _turn(each: Due, clock: Clock, registry: Registry, actor: str) -> Turn:
    try:
        kept = keep_promise(promise=each.promise, keeper=each.keeper, clock=clock, registry=registry, actor=actor)
    except Exception as error:  # the one outer loop: a defect in one measure must not leave the others unmeasured
        log.exception("The measure %s of %s has a defect.", each.measure.key, each.promise.identity)
        return Turn(each, defect=f"{type(error).__name__}: {error}")
    return Turn(each, kept, busy=kept is None)


def _told(kept: Kept, changed: list[str]) -> None:
    log.info("%s by %s is %s.", kept.promise.identity, kept.measure.key, kept.verdict.state.value)
    for claim in changed:
        log.warning("The verdict of %s has changed.", claim)


@contextlib.contextmanager
def _alone(promise: str, measure: str) -> Iterator[bool]:
    """Hold this measure's advisory lock on the connection, or say that another process does. Dies with the process that held it."""
    key = int.from_bytes(hashlib.sha256(f"{promise}/{measure}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [key])
        [alone] = cursor.fetchone() or [False]
    try:
        yield bool(alone)
    finally:
        if alone:
            _release(key)


def _release(key: int) -> None:
    """Give the lock back. A connection lost meanwhile has given it back by itself."""
    if connection.connection is None or connection.connection.closed:
        return
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_unlock(%s)", [key])
