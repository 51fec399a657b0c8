"""Roles of the protected application's database, and what belongs to whom in it.

| role          | owns                              | may                                                                |
|---------------|-----------------------------------|--------------------------------------------------------------------|
| sondage_owner | the database, its tables          | migrate, become garant_priv; its password is read by root only     |
| sondage       | nothing                           | read and write rows, as row policies allow; no DDL, no TRUNCATE    |
| garant_priv   | schema `garant`, its functions    | nothing by itself: it cannot log in                                |
| garant_data   | nothing                           | read the catalogue, become sondage: measures see what it would see |

Large objects are nobody's: they have no rows, hence no row policies, and the functions that make and read them are open to every role of a
fresh server. Where the administrator may (a superuser), they are closed in this database.

Up to version 0.1 `sondage` owned everything: what it still owns is handed over at the next start, and nothing is changed twice.
"""

import psycopg
from psycopg import sql

APPLICATION = "sondage"
OWNER = f"{APPLICATION}_owner"
PROBE, PRIVILEGED = "garant_data", "garant_priv"
SECRETS = {APPLICATION: f"database-{APPLICATION}", OWNER: f"database-{APPLICATION}-owner", PROBE: "database-data"}
"""Role that may log in to the secret that holds its password."""

Session = psycopg.Connection[tuple[object, ...]]


def make_silent_role(server: Session) -> None:
    """`garant_priv`, which owns what must not be changed and never logs in."""
    if not server.execute("select 1 from pg_roles where rolname = %s", [PRIVILEGED]).fetchone():
        server.execute(sql.SQL("create role {} nologin noinherit").format(sql.Identifier(PRIVILEGED)))


def make_members(server: Session) -> None:
    """Who may become whom, by `set role` only: these roles inherit nothing."""
    for role, member in ((APPLICATION, PROBE), (PRIVILEGED, OWNER)):
        found = server.execute(
            "select 1 from pg_auth_members where roleid = %s::regrole and member = %s::regrole", [role, member]
        ).fetchone()
        if not found:
            server.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(member)))


def hand_over_database(server: Session) -> None:
    """A database that the application itself owned becomes its owner's."""
    found = server.execute("select pg_get_userbyid(datdba) from pg_database where datname = %s", [APPLICATION]).fetchone()
    if found == (APPLICATION,):
        server.execute(sql.SQL("alter database {} owner to {}").format(sql.Identifier(APPLICATION), sql.Identifier(OWNER)))


def settle(inside: Session) -> None:
    """In the application's database: tables are the owner's, rows are open to the application, schema `garant` is closed to it.

    What a data map takes away later stays away: privileges on tables that exist are given at the hand-over only.
    """
    with inside.transaction():
        if _owns_something(inside):
            inside.execute(sql.SQL("reassign owned by {} to {}").format(sql.Identifier(APPLICATION), sql.Identifier(OWNER)))
            for what in ("select, insert, update, delete on all tables", "usage on all sequences"):
                inside.execute(sql.SQL("grant {} in schema public to {}").format(sql.SQL(what), sql.Identifier(APPLICATION)))
        inside.execute("revoke create on schema public from public")
        inside.execute(sql.SQL("grant usage on schema public to {}").format(sql.Identifier(APPLICATION)))
        for what in ("select, insert, update, delete on tables", "usage on sequences"):
            inside.execute(
                sql.SQL("alter default privileges for role {} in schema public grant {} to {}").format(
                    sql.Identifier(OWNER), sql.SQL(what), sql.Identifier(APPLICATION)
                )
            )
        inside.execute(sql.SQL("create schema if not exists garant authorization {}").format(sql.Identifier(PRIVILEGED)))
        _close_large_objects(inside)


def close_history(inside: Session) -> None:
    """The list of migrations is the owner's to write: an application that could would have one skipped, or run again."""
    if inside.execute("select 1 where to_regclass('public.django_migrations') is not null").fetchone():
        inside.execute(sql.SQL("revoke insert, update, delete on public.django_migrations from {}").format(sql.Identifier(APPLICATION)))


def _close_large_objects(inside: Session) -> None:
    if inside.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() != (True,):
        return
    found = inside.execute(
        "select format('revoke execute on function %s from public', oid::regprocedure) from pg_proc"
        " where pronamespace = 'pg_catalog'::regnamespace and (proname like 'lo\\_%' or proname in ('loread', 'lowrite'))"
        " and has_function_privilege('public', oid, 'execute')"
    ).fetchall()
    for (command,) in found:
        inside.execute(str(command).encode())


def _owns_something(inside: Session) -> bool:
    found = inside.execute(
        "select exists (select from pg_shdepend where deptype = 'o' and refclassid = 'pg_authid'::regclass and refobjid = %s::regrole"
        " and dbid = (select oid from pg_database where datname = current_database()))",
        [APPLICATION],
    ).fetchone()
    return found == (True,)
