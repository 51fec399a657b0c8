"""Garant's own tables, as its own processes are: one organisation's context shows nothing of the other's rows, and none shows nothing."""

import uuid
from collections.abc import Callable, Mapping, Sequence

import psycopg
from psycopg import sql

from garant.data.engines.trespass import Tried
from garant.drivers.postgres import begin_as
from garant.kernel.errors import EngineError

Session = psycopg.Connection[tuple[object, ...]]
Enter = Callable[[], Session]
COLUMN = "tenant_id"

TABLES = """
select c.relname, c.relrowsecurity and c.relforcerowsecurity
from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
where c.relkind in ('r', 'p', 'v', 'm') and has_table_privilege(c.oid, 'select') order by 1
"""


def as_our_own(roles: Mapping[str, Enter], pair: Sequence[uuid.UUID]) -> tuple[Tried, list[str]]:
    """What each role sees of one of the pair in the context of the other; faults of the catalogue. Raises EngineError."""
    seen, faults = Tried(), []
    for role, enter in roles.items():
        try:
            with enter() as session:
                tables = [(str(name), bool(forced)) for name, forced in session.execute(TABLES).fetchall()]
                faults += [f"security_off {name}" for name, forced in tables if not forced]
                names = [name for name, _ in tables]
                for me, other in ((pair[0], pair[1]), (pair[1], pair[0])):
                    _look(session, role, names, me, other, seen)
        except psycopg.Error as error:
            raise EngineError(f"Garant’s role {role} could not be tried: {str(error).strip().splitlines()[0]}") from error
    return seen, sorted(set(faults))


def _look(session: Session, role: str, tables: Sequence[str], me: uuid.UUID, other: uuid.UUID, seen: Tried) -> None:
    begin_as(session, me)
    for name in tables:
        seen.witness += _counts(session, "select exists (select from {} where tenant_id = %s)", name, me)
        _try(seen, f"{role} {name}", _counts(session, "select exists (select from {} where tenant_id = %s)", name, other))
        changed = "with t as (update {} set tenant_id = tenant_id where tenant_id = %s returning 1) select exists (select from t)"
        _try(seen, f"{role} update {name}", _counts(session, changed, name, other))
    session.rollback()
    begin_as(session, None)
    for name in tables:
        _try(seen, f"{role} unset {name}", _counts(session, "select exists (select from {} where tenant_id = %s)", name, other))
    session.rollback()


def _try(seen: Tried, asked: str, found: bool) -> None:
    seen.tries += 1
    if found:
        seen.through.append(asked)


def _counts(session: Session, query: str, table: str, tenant: uuid.UUID) -> bool:
    """A refusal is a no. Whatever it did is undone."""
    try:
        with session.transaction(force_rollback=True):
            row = session.execute(sql.SQL(query).format(sql.Identifier(table)), [tenant]).fetchone()
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException, psycopg.errors.FeatureNotSupported):
        return False
    return bool(row and row[0])
