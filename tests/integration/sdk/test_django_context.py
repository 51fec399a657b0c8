"""Every transaction of a Django application says in whose name it is: the engine on a real PostgreSQL, two organisations."""

import asyncio
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connections, transaction
from django.http import HttpResponse
from django.test import RequestFactory, override_settings

from garant.kernel.errors import EngineError, InputError
from garant.sdk import context as signed
from garant_django import context
from garant_django.context import ContextMismatch, acting_as
from garant_django.middleware import GarantIdentity
from support.assertions import ROSALIE, Signer, current
from support.database import Database

ELAN, RAPIDES = "saint-elan", "trois-rapides"
ALIAS = "application"


@pytest.fixture
def application(database: Database, django_db_blocker: Any) -> Iterator[Any]:
    """The example application's database through our engine, as its running process sees it."""
    place = database.data / "secrets" / "context-sondage"
    connections.settings[ALIAS] = {
        **connections.settings["default"],
        "ENGINE": "garant_django.database",
        "NAME": "sondage",
        "USER": "sondage",
        "PASSWORD": database.runtime.secret("database-sondage"),
        "HOST": str(database.cluster.socket),
        "PORT": str(database.cluster.port),
        "OPTIONS": {},
    }
    with django_db_blocker.unblock(), override_settings(GARANT_CONTEXT_KEY=str(place)):
        try:
            yield connections[ALIAS]
        finally:
            connections[ALIAS].close()
            del connections[ALIAS], connections.settings[ALIAS]


def setting(connection: Any, name: str = "garant.ctx") -> str:
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(current_setting(%s, true), '')", [name])
        return str(cursor.fetchone()[0])


def said(connection: Any, database: Database) -> tuple[str, str, str]:
    text = setting(connection)
    if not text:
        return "", "", ""
    found = signed.read(signed.read_key(Path(database.data / "secrets" / "context-sondage")), text, now=datetime.now(UTC))
    return found.tenant, found.actor, found.purpose


def test_a_transaction_begins_in_the_context_of_here_and_now(application: Any, database: Database) -> None:
    for tenant in (ELAN, RAPIDES):
        with acting_as(tenant, actor="rosalie", purpose="seed"):
            with transaction.atomic(using=ALIAS):
                assert said(application, database) == (tenant, "rosalie", "seed")
                with transaction.atomic(using=ALIAS):
                    assert said(application, database)[0] == tenant
            assert setting(application) == ""
    with transaction.atomic(using=ALIAS):
        assert setting(application) == ""


def test_it_comes_in_the_round_trip_of_begin_and_not_in_the_text(application: Any, database: Database) -> None:
    application.ensure_connection()
    said_to_it: list[tuple[str, bytes]] = []
    pg = application.connection.pgconn

    class Counting:
        def __getattr__(self, name: str) -> Any:
            found = getattr(pg, name)
            if not name.startswith(("exec", "send_", "pipeline_sync", "get_result")):
                return found

            def counted(*words: Any) -> Any:
                said_to_it.append((name, words[0] if words else b""))
                return found(*words)

            return counted

    class Wrapped:
        pgconn, Error = Counting(), application.connection.Error

    with acting_as(ELAN):
        context.tell(Wrapped())
        assert said_to_it[:4] == [
            ("send_query_params", b"begin"),
            ("send_query_params", b"select set_config('garant.ctx', $1, true)"),
            ("pipeline_sync", b""),
            ("get_result", b""),
        ]
        assert {name for name, _ in said_to_it[4:]} == {"get_result"}
        with application.cursor() as cursor:
            cursor.execute("select 1")
        assert said(application, database)[0] == ELAN
        application.connection.rollback()


def test_a_session_of_the_same_role_never_sees_a_context(application: Any, database: Database) -> None:
    """Whoever sees one in pg_stat_activity reads that organisation until it expires: sessions of the application, and the measures'."""
    application.ensure_connection()
    port, seen, asked, done = database.cluster.port, [], [], threading.Event()
    word = database.runtime.secret("database-sondage")

    def watch() -> None:
        with psycopg.connect(
            host=str(database.cluster.socket), port=port, dbname="sondage", user="sondage", password=word, autocommit=True
        ) as other:
            while not done.is_set():
                rows = other.execute("select query from pg_stat_activity where pid <> pg_backend_pid() and usename = 'sondage'").fetchall()
                asked.extend(text for (text,) in rows if "set_config" in text)
                seen.extend(text for (text,) in rows if "v1|" in text or ELAN in text or RAPIDES in text)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        end = time.monotonic() + 10
        while time.monotonic() < end and len(asked) < 20:
            for tenant in (ELAN, RAPIDES):
                with acting_as(tenant), transaction.atomic(using=ALIAS):
                    time.sleep(0.005)
    finally:
        done.set()
        watching.join()
    assert len(asked) >= 20, "the watching session saw nothing at all"
    assert seen == []


def test_a_refusal_leaves_a_connection_that_works(application: Any) -> None:
    application.ensure_connection()
    with pytest.raises(EngineError, match="configuration parameter"):
        signed.begin(application.connection, {"no such": "v1"})
    application.connection.rollback()
    with application.cursor() as cursor:
        cursor.execute("select 1")
        assert cursor.fetchone() == (1,)


def test_a_transaction_that_is_open_takes_the_context_until_the_end_of_the_block(application: Any, database: Database) -> None:
    with transaction.atomic(using=ALIAS):
        for tenant in (ELAN, RAPIDES):
            with acting_as(tenant):
                assert said(application, database)[0] == tenant
            assert setting(application) == ""


def test_two_organisations_do_not_meet_in_one_context(application: Any) -> None:
    with acting_as(ELAN):
        with acting_as(ELAN):
            assert context.current_tenant() == ELAN
        with pytest.raises(ContextMismatch, match="trois-rapides"), acting_as(RAPIDES):
            pass
        assert context.current_tenant() == ELAN
    with pytest.raises(RuntimeError, match="acting_as"):
        context.current_tenant()


def test_two_organisations_interleaved_on_one_kept_connection(application: Any, database: Database) -> None:
    application.ensure_connection()
    kept = application.connection
    for number in range(20):
        tenant = (ELAN, RAPIDES)[number % 2]
        with acting_as(tenant):
            try:
                with transaction.atomic(using=ALIAS):
                    assert said(application, database)[0] == tenant
                    if number % 3 == 0:
                        raise LookupError
            except LookupError:
                pass
        assert setting(application) == ""
    assert application.connection is kept


def test_the_plain_variant_says_it_in_settings_of_its_own(application: Any) -> None:
    with override_settings(GARANT_CONTEXT="plain", GARANT_CONTEXT_KEY=""):
        with acting_as(ELAN, actor="omer"), transaction.atomic(using=ALIAS):
            assert [setting(application, f"app.{name}") for name in ("tenant", "actor", "purpose")] == [ELAN, "omer", "service"]
        with transaction.atomic(using=ALIAS):
            assert setting(application, "app.tenant") == ""


def test_an_asynchronous_view_begins_its_transactions_in_the_context_of_its_request(
    application: Any, database: Database, tmp_path: Path
) -> None:
    signer, seen = Signer(), []

    def read() -> None:
        with transaction.atomic(using=ALIAS):
            seen.append(said(connections[ALIAS], database))

    async def view(request: Any) -> HttpResponse:
        await sync_to_async(read)()
        return HttpResponse("inside")

    async def visit(tenant: str) -> None:
        token = current(signer, tenant=tenant)
        request = RequestFactory().get("/", headers={"host": f"{tenant}.garant.localhost", "x-garant-assertion": token})
        assert (await GarantIdentity(view)(request)).status_code == 200

    async def both() -> None:
        await asyncio.gather(*(visit(tenant) for tenant in (ELAN, RAPIDES)))

    keys = signer.write(tmp_path / "public.json")
    with override_settings(GARANT_KEYS=str(keys), GARANT_APPLICATION="sondage", GARANT_PUBLIC=[], GARANT_USER=""):
        asyncio.run(both())
    assert sorted(seen) == [(ELAN, str(ROSALIE), "service"), (RAPIDES, str(ROSALIE), "service")]


def test_without_a_key_the_database_is_told_nothing(application: Any) -> None:
    with override_settings(GARANT_CONTEXT_KEY=""), acting_as(ELAN), transaction.atomic(using=ALIAS):
        assert setting(application) == ""


def test_a_server_that_refuses_the_context_fails_the_transaction(application: Any, database: Database) -> None:
    """A server that goes away between two transactions, as a restart does."""
    application.ensure_connection()
    with database.administrator.connect("postgres") as server:
        server.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sondage' and datname = 'sondage'")
    with acting_as(ELAN), pytest.raises(OperationalError, match="refused the context"), transaction.atomic(using=ALIAS):
        pass
    with acting_as(ELAN), transaction.atomic(using=ALIAS):
        assert said(application, database)[0] == ELAN


def test_after_a_context_that_could_not_be_signed_statements_commit_again(application: Any, database: Database) -> None:
    """A connection left between two modes would lose every later write in silence."""
    application.ensure_connection()
    with acting_as("not a name"), pytest.raises(InputError), transaction.atomic(using=ALIAS):
        pass
    with application.cursor() as cursor:
        cursor.execute("select 1")
        assert application.connection.autocommit is True
        assert application.connection.info.transaction_status.name == "IDLE"
