"""The application's database: its tables have an owner that the running application is not, and a database of before is handed over."""

import re
from pathlib import Path

import psycopg
import pytest

from garant.project import provision
from garant.project.application_database import SECRETS, close_history
from support.database import Database


def connect(database: Database, role: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(
        host=str(database.cluster.socket),
        port=database.cluster.port,
        user=role,
        password=database.runtime.secret(SECRETS[role]),
        dbname="sondage",
        autocommit=True,
    )


@pytest.fixture
def table(database: Database):
    """A table as the application's migrations make it."""
    with connect(database, "sondage_owner") as owner:
        owner.execute("create table asked (id bigint generated always as identity primary key, tenant text)")
        yield "asked"
        owner.execute("drop table asked")


def test_the_application_reads_and_writes_rows_and_owns_nothing(database: Database, table: str) -> None:
    with connect(database, "sondage") as session:
        session.execute("insert into asked (tenant) values ('saint-elan'), ('trois-rapides')")
        session.execute("update asked set tenant = 'nord' where tenant = 'saint-elan'")
        assert session.execute("select tenant from asked order by 1").fetchall() == [("nord",), ("trois-rapides",)]
        for forbidden in (
            "alter table asked disable row level security",
            "truncate asked",
            "drop table asked",
            "create table mine (id int)",
            "create schema mine",
            "select last_value from asked_id_seq",
            "set role sondage_owner",
            "set role garant_priv",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(forbidden)


@pytest.mark.parametrize("role", ["sondage", "sondage_owner", "garant_data"])
def test_no_large_object_is_made_or_read(database: Database, role: str) -> None:
    """They have no row policies: one organisation's would be everybody's."""
    with connect(database, role) as session:
        for asked in ("lo_create(0)", "lo_from_bytea(0, 'x')", "lo_get(1)", "lo_open(1, 262144)", "loread(0, 1)", "lo_creat(-1)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(f"select {asked}")


@pytest.mark.parametrize("common", ["postgres", "template1"])
@pytest.mark.parametrize("role", ["sondage", "sondage_owner", "garant_data"])
def test_the_common_databases_of_the_server_are_closed(database: Database, role: str, common: str) -> None:
    word = database.runtime.secret(SECRETS[role])
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(host=str(database.cluster.socket), port=database.cluster.port, user=role, password=word, dbname=common)


def test_the_application_does_not_write_the_list_of_migrations(database: Database) -> None:
    with connect(database, "sondage_owner") as owner:
        owner.execute("create table django_migrations (id bigint generated always as identity, name text)")
        try:
            close_history(owner)
            close_history(owner)
            with connect(database, "sondage") as session:
                session.execute("select * from django_migrations")
                for asked in ("insert into django_migrations (name) values ('x')", "update django_migrations set name = 'x'"):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        session.execute(asked)
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute("delete from django_migrations")
        finally:
            owner.execute("drop table django_migrations")
        close_history(owner)


def test_measures_become_the_application_and_nothing_more(database: Database, table: str) -> None:
    with connect(database, "garant_data") as session:
        assert session.execute("select 1 from pg_class where relname = 'asked'").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("select * from asked")
        session.execute("set role sondage")
        assert session.execute("select count(*) from asked").fetchone() == (0,)
        session.execute("reset role")
        for role in ("sondage_owner", "garant_priv"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(f"set role {role}")


def test_no_role_of_the_application_has_a_right_above_the_rows(database: Database) -> None:
    with database.connect("postgres") as server:
        found = server.execute(
            "select rolname, rolcanlogin from pg_roles where not (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolinherit)"
            " and rolname = any(%s) order by 1",
            [[*SECRETS, "garant_priv"]],
        ).fetchall()
    assert found == [("garant_data", True), ("garant_priv", False), ("sondage", True), ("sondage_owner", True)]


def test_the_owner_puts_functions_under_a_role_that_cannot_log_in(database: Database) -> None:
    with connect(database, "sondage_owner") as owner:
        owner.execute("set role garant_priv")
        owner.execute("create function garant.answer() returns int language sql return 42")
        owner.execute("reset role")
        assert owner.execute("select proowner::regrole::text from pg_proc where proname = 'answer'").fetchone() == ("garant_priv",)
        owner.execute("set role garant_priv")
        owner.execute("drop function garant.answer()")


@pytest.mark.parametrize("role", ["web", "worker", "edge"])
def test_garants_own_processes_do_not_enter_it(database: Database, role: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        database.connect(role, name="sondage")


def test_a_database_that_the_application_owned_is_handed_over_once(database: Database) -> None:
    with database.administrator.connect("postgres") as server:
        server.execute("alter database sondage owner to sondage")
    with connect(database, "sondage") as before:
        before.execute("create table kept (id bigint generated always as identity, word text)")
        before.execute("create view words as select word from kept")
        before.execute("insert into kept (word) values ('stays')")
    try:
        for _ in range(2):
            provision.make_roles(database.administrator, database.runtime)
        with connect(database, "sondage") as session:
            assert session.execute("select word from words").fetchall() == [("stays",)]
            session.execute("insert into kept (word) values ('goes on')")
            for forbidden in ("drop table kept", "alter view words owner to sondage", "create table mine (id int)"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(forbidden)
            owners = session.execute("select distinct tableowner from pg_tables where schemaname = 'public'").fetchall()
            assert owners == [("sondage_owner",)]
    finally:
        with connect(database, "sondage_owner") as owner:
            owner.execute("drop table kept cascade")


def test_what_a_data_map_took_away_is_not_given_back_at_the_next_start(database: Database, table: str) -> None:
    with connect(database, "sondage_owner") as owner:
        owner.execute("revoke select on asked from sondage")
    provision.make_roles(database.administrator, database.runtime)
    with connect(database, "sondage") as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("select * from asked")


def test_the_documented_statements_do_the_same_for_an_operators_application(database: Database) -> None:
    """Of docs/operations.md, on a database that the application owned until now; roles under names of this test."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    block = re.search(r"```sql\n(.*?)```", page, re.DOTALL)
    assert block is not None
    said = block[1].replace("surveys", "doc_surveys").replace("garant_priv", "doc_priv").replace("garant_data", "doc_data")
    statements = [line.partition("--")[0].strip() for line in said.splitlines()]
    statements = [line for line in statements if line]
    roles = [line for line in statements if line.startswith(("create role", "grant doc_surveys to", "grant doc_priv to"))]
    with database.administrator.connect("postgres") as server:
        server.execute("create role doc_surveys login noinherit password 'x'")
        server.execute("create database doc_surveys owner doc_surveys")
        try:
            with database.administrator.connect("doc_surveys") as inside:
                inside.execute("set role doc_surveys")
                inside.execute("create table kept (id bigint generated always as identity, word text)")
                inside.execute("reset role")
                for line in statements:
                    if "create role doc_surveys login" not in line:
                        inside.execute(line)
                assert inside.execute("select tableowner from pg_tables where schemaname = 'public'").fetchall() == [("doc_surveys_owner",)]
                inside.execute("set role doc_surveys_owner")
                inside.execute("create table later (id bigint generated always as identity)")
                inside.execute("set role doc_data")
                inside.execute("set role doc_surveys")
                inside.execute("insert into kept (word) values ('x')")
                inside.execute("insert into later default values")
                inside.execute("reset role")
            assert len(roles) == 6
            for user in ("doc_surveys", "doc_data"):
                with database.administrator.connect("doc_surveys") as inside:
                    inside.execute(f"set session authorization {user}")
                    for forbidden in ("drop table kept", "create table mine (id int)", "set role doc_surveys_owner", "set role doc_priv"):
                        with pytest.raises(psycopg.errors.InsufficientPrivilege):
                            inside.execute(forbidden)
        finally:
            server.execute("drop database doc_surveys with (force)")
            for role in ("doc_data", "doc_surveys", "doc_surveys_owner", "doc_priv"):
                server.execute(f"drop role if exists {role}")
