"""Brings a database to its map, in one transaction, as the owner of the tables.

1. What is right already is not touched; a second run changes nothing.
2. After the changes the catalogue is read again inside the same transaction: if anything that SQL can end is left, all of it is undone.
3. A table that is in use is waited for a few seconds, then left alone, and the whole is undone.
"""

from collections.abc import Sequence

import psycopg
from psycopg import sql

from garant.data.engines.catalogue import Session, read
from garant.data.policy.compile.change import Change
from garant.data.policy.compile.plan import PRIVATE, plan
from garant.data.policy.map import DataMap
from garant.kernel.errors import EngineError
from garant.sdk.context import pads

LOCK = 0x6761726D  # "garm": one application of a map at a time
WAIT = "5s"


def differences(session: Session, made: DataMap, *, application: str) -> tuple[Change, ...]:
    """What separates the database from the map; nothing is changed."""
    catalogue = read(session, application=application)
    table = next((catalogue.tables[each.table] for each in made.collections if each.table in catalogue.tables), None)
    return plan(made, catalogue, owner=table.owner if table is not None else f"{application}_owner")


def apply(session: Session, made: DataMap, *, application: str, key: bytes | None) -> tuple[Change, ...]:
    """End every difference that SQL can end; those that were found. `key`: of the signed context. Raises EngineError, changing nothing."""
    try:
        with session.transaction():
            session.execute("select pg_advisory_xact_lock(%s)", [LOCK])
            session.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(WAIT)))
            found = differences(session, made, application=application)
            _run(session, found)
            if key is not None and made.context == "signed":
                _put_key(session, key)
            left = [each for each in differences(session, made, application=application) if each.sql]
            if left:
                raise EngineError(f"the map did not come into force: {left[0].text.en}; nothing was changed")
    except psycopg.errors.LockNotAvailable as error:
        raise EngineError(f"a table is in use and did not become free within {WAIT}; run `garant map apply` again") from error
    except psycopg.errors.ForeignKeyViolation as error:
        said = error.diag
        raise EngineError(
            f"{said.table_name} has rows that point at another tenant's ({said.message_detail}); correct them, then apply the map again"
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise EngineError(
            f"{session.info.user} may not do this ({error.diag.message_primary}); apply a map as the owner of the tables, "
            f"who is a member of {PRIVATE}"
        ) from error
    except psycopg.Error as error:
        raise EngineError(f"the map could not be applied: {(str(error).splitlines() or ['no answer'])[0]}; nothing was changed") from error
    return found


def _run(session: Session, changes: Sequence[Change]) -> None:
    for change in changes:
        if not change.sql:
            continue
        if change.private:
            session.execute(sql.SQL("set local role {}").format(sql.Identifier(PRIVATE)))
        for statement in change.sql:
            session.execute(statement.encode())
        if change.private:
            session.execute("reset role")


def _put_key(session: Session, key: bytes) -> None:
    """The key of the file is the only one that holds; nothing is written when it stands there already."""
    inner, outer = pads(key)
    session.execute(sql.SQL("set local role {}").format(sql.Identifier(PRIVATE)))
    session.execute('delete from garant.context_key where "inner" <> %s or "outer" <> %s', [inner, outer])
    session.execute(
        'insert into garant.context_key ("inner", "outer") select %s, %s where not exists (select from garant.context_key)', [inner, outer]
    )
    session.execute("reset role")
