"""What the worker may learn of who speaks to the database server: addresses, and nothing of what is asked.

PostgreSQL hides other roles' connections from a role without special rights, and the right to see them shows their queries too. So a
function of a role that nobody can be tells addresses alone. An administrator without the right to do this leaves it undone, and the
measure that needs it says so.
"""

import contextlib

import psycopg

ROLE = "garant_observer"

FUNCTION = """
create or replace function garant_peers() returns table (replica boolean, address text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select true, host(client_addr) from pg_stat_replication
  union
  select false, host(client_addr) from pg_stat_activity where backend_type = 'client backend'
$$
"""


def settle(inside: "psycopg.Connection[tuple[object, ...]]") -> None:
    """The role and its function, in the database of Garant; safe to repeat."""
    with contextlib.suppress(psycopg.errors.InsufficientPrivilege, psycopg.errors.InternalError_):
        if not inside.execute("select 1 from pg_roles where rolname = %s", [ROLE]).fetchone():
            inside.execute(f"create role {ROLE} nologin inherit")
        inside.execute(f"grant pg_read_all_stats to {ROLE}")
        inside.execute(FUNCTION)
        inside.execute(f"alter function garant_peers() owner to {ROLE}")
        inside.execute("revoke all on function garant_peers() from public")
        inside.execute("grant execute on function garant_peers() to garant_worker")
