"""The database as every test finds it: migrated by the owner, used by roles that own nothing, closed without a context."""

import uuid

import psycopg
import pytest
from django.db import connection

from garant.drivers.postgres import begin_as
from support.database import Database


@pytest.mark.django_db
def test_a_test_runs_as_the_web_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_user, rolsuper, rolbypassrls from pg_roles where rolname = current_user")
        assert cursor.fetchone() == ("garant_web", False, False)


def test_a_test_can_run_as_the_worker(as_worker: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_user")
        assert cursor.fetchone() == ("garant_worker",)


@pytest.mark.django_db
def test_afterwards_the_web_role_is_back() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_user")
        assert cursor.fetchone() == ("garant_web",)


@pytest.mark.django_db(transaction=True)
def test_a_transactional_test_can_be_flushed() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from audit_outbox")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("role", ["web", "worker", "edge"])
def test_no_process_may_change_tables(database: Database, role: str) -> None:
    with database.connect(role) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("create table intruder (id int)")


@pytest.mark.parametrize("role", ["web", "worker", "edge"])
def test_no_process_may_become_the_owner(database: Database, role: str) -> None:
    with database.connect(role) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("set role garant_owner")


def test_a_wrong_password_is_refused_on_socket_and_loopback(database: Database) -> None:
    for host in (str(database.cluster.socket), "127.0.0.1"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(host=host, port=database.cluster.port, user="garant_web", password="guess", dbname="garant")


def test_the_edge_reads_no_table_without_row_policies(database: Database) -> None:
    with database.connect("edge") as session:
        open_to_it = session.execute(
            "select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
            " and not relrowsecurity and has_table_privilege(oid, 'select') order by 1"
        ).fetchall()
    assert open_to_it == [("django_migrations",)]


def test_every_table_with_a_tenant_is_under_forced_row_security(database: Database) -> None:
    with database.connect("postgres") as server:
        bare = server.execute(
            "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'"
            " where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace"
            " and not (c.relrowsecurity and c.relforcerowsecurity)"
        ).fetchall()
        owners = server.execute("select distinct tableowner from pg_tables where schemaname = 'public'").fetchall()
    assert bare == []
    assert owners == [("garant_owner",)]


def test_without_a_context_no_tenant_is_seen_and_with_one_only_itself(database: Database) -> None:
    with database.connect("owner") as owner:
        owner.execute(
            "insert into identity_tenant (id, slug, name, host, operator, language, zone, suspended, created_at) values"
            " ('11111111-1111-4111-8111-111111111111', 'nord', 'Nord', 'nord.test', false, 'fr-ca', 'UTC', false, now()),"
            " ('22222222-2222-4222-8222-222222222222', 'sud', 'Sud', 'sud.test', false, 'fr-ca', 'UTC', false, now())"
        )
        try:
            with database.connect("web") as web:
                assert web.execute("select slug from identity_tenant").fetchall() == []
                begin_as(web, uuid.UUID("11111111-1111-4111-8111-111111111111"))
                assert web.execute("select slug from identity_tenant").fetchall() == [("nord",)]
                web.execute("rollback")
                assert web.execute("select slug from identity_tenant").fetchall() == []
        finally:
            owner.execute("delete from identity_tenant where slug in ('nord', 'sud')")


def test_the_log_of_the_server_has_no_value_of_a_statement_that_failed(database: Database) -> None:
    log = database.cluster.log
    before = log.stat().st_size
    with database.connect("postgres") as session:
        session.execute("create temporary table log_probe (word text primary key)")
        session.execute("insert into log_probe values ('Mireille Duquesne')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            session.execute("insert into log_probe values ('Mireille Duquesne')")
        with pytest.raises(psycopg.errors.DivisionByZero):
            session.execute("select 1 / (length(%s) - 17)", ["Mireille Duquesne"])
        with pytest.raises(psycopg.errors.DivisionByZero):
            session.execute("do $$ begin perform 1 / (length('Mireille Duquesne') - 17); end $$")
    written = log.read_bytes()[before:].decode(errors="replace")
    assert written.count("division by zero") == 2, "that something failed is still said"
    assert "log_probe_pkey" in written
    assert "Mireille" not in written
