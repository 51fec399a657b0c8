"""What the example application seals, as its database sees it; whose name its transactions carry; how rows of before are sealed."""

import signal
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from psycopg import sql

from garant.data.service import maps
from garant.drivers.process import Deadline
from garant.sdk import context as signed
from garant.sdk.envelope import SealError
from support.assertions import OMER, ROSALIE, current
from support.sondage import HOME, Sondage

ELAN, RAPIDES = "saint-elan", "trois-rapides"
HOSTS = {tenant: f"{tenant}.garant.localhost" for tenant in (ELAN, RAPIDES)}
MAIL = "rosalie.bechamp@example.org"
WORD = "une phrase que personne d’autre n’écrit"


@pytest.fixture(scope="module")
def application(database) -> Iterator[Sondage]:
    with Sondage(database) as made:
        made.start()
        yield made


def owner(application: Sondage) -> "psycopg.Connection[tuple[Any, ...]]":
    """The database as the one who owns the tables sees it."""
    return psycopg.connect(
        host=str(application.database.cluster.socket),
        port=application.database.cluster.port,
        user=application.owner,
        password=application.name,
        dbname=application.name,
        autocommit=True,
    )


def visit(application: Sondage, tenant: str, path: str = "/", **claims: Any) -> Any:
    return application.ask(path, host=HOSTS[tenant], X_Garant_Assertion=current(application.signer, tenant=tenant, **claims))


def everything(session: "psycopg.Connection[tuple[Any, ...]]") -> str:
    """Every row of every table, as text, binary columns in clear and in hexadecimal."""
    tables = session.execute("select tablename from pg_tables where schemaname = 'public' order by 1").fetchall()
    found = []
    for (table,) in tables:
        rows = session.execute(sql.SQL("select * from {}").format(sql.Identifier(table))).fetchall()
        found += [" ".join(part.decode("latin-1") if isinstance(part, bytes) else str(part) for part in row) for row in rows]
    return "\n".join(found)


def answer(application: Sondage, tenant: str, code: str, text: str) -> int:
    """Send the public form of a survey with this text, as a browser would."""
    with application.database.administrator.connect(application.name) as session:
        rows = session.execute(
            "select q.id, q.kind, q.choices from surveys_question q join surveys_survey s on s.id = q.survey_id"
            " where s.code = %s order by position",
            [code],
        ).fetchall()
    fields = [(f"q-{id_}", {"text": text, "scale": "3"}.get(kind) or choices[0]) for id_, kind, choices in rows]
    return post(application, tenant, f"/s/{code}/", fields).status


def give_address(application: Sondage, tenant: str, email: str) -> int:
    token = current(application.signer, tenant=tenant)
    return post(application, tenant, "/coordonnees/", [("email", email)], X_Garant_Assertion=token).status


def find(application: Sondage, tenant: str, email: str) -> str:
    """What an author sees below the form."""
    token = current(application.signer, tenant=tenant, roles=["author"])
    return post(application, tenant, "/gestion/personnes/", [("email", email)], X_Garant_Assertion=token).text.partition("</form>")[2]


def post(application: Sondage, tenant: str, path: str, fields: list[tuple[str, str]], **headers: str) -> Any:
    """Open the page, then send its form."""
    page = application.ask(path, host=HOSTS[tenant], **headers)
    token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    return application.ask(
        path,
        host=HOSTS[tenant],
        method="POST",
        body=urlencode([("csrfmiddlewaretoken", token), *fields]).encode(),
        Content_Type="application/x-www-form-urlencoded",
        Cookie=page.headers["Set-Cookie"].partition(";")[0],
        X_Forwarded_Proto="https",
        Referer=f"https://{HOSTS[tenant]}{path}",
        **headers,
    )


def test_the_databases_owner_reads_neither_names_nor_free_texts(application: Sondage) -> None:
    assert "Rosalie Béchamp" in visit(application, ELAN).text
    assert answer(application, ELAN, "parc-riverain", WORD) == 302
    assert give_address(application, ELAN, MAIL) == 302
    assert MAIL in find(application, ELAN, MAIL.upper())
    assert "Rosalie Béchamp" in visit(application, ELAN).text
    assert MAIL not in find(application, RAPIDES, MAIL)
    with owner(application) as session:
        held = everything(session)
        assert "parc-riverain" in held
        for clear in (WORD, "Rosalie Béchamp", "grands saules", "taxibus du jeudi", "réaménage le parc", MAIL):
            assert clear not in held
            assert clear.encode().decode("latin-1") not in held
        survey = session.execute("select id from surveys_survey where code = 'parc-riverain'").fetchone()
    assert survey is not None
    results = visit(application, ELAN, f"/sondages/{survey[0]}/")
    assert WORD in results.text
    assert WORD in visit(application, ELAN, f"/sondages/{survey[0]}/reponses.csv").text


@pytest.mark.parametrize("kind", ["row", "organisation"])
def test_an_answer_moved_in_the_database_is_refused_rather_than_shown(application: Sondage, kind: str) -> None:
    other = "parc-riverain" if kind == "row" else "transport-collectif"
    with owner(application) as session:
        pick = (
            "select a.id, a.text, s.id from surveys_answer a join surveys_response r on r.id = a.response_id"
            " join surveys_survey s on s.id = r.survey_id where s.code = %s and a.text is not null"
            " order by r.at desc, a.id limit 1 offset %s"
        )
        here, kept, survey = session.execute(pick, ["parc-riverain", 0]).fetchone()
        _, foreign, _ = session.execute(pick, [other, 1]).fetchone()
        session.execute("update surveys_answer set text = %s where id = %s", [foreign, here])
        try:
            assert visit(application, ELAN, f"/sondages/{survey}/").status == 500
        finally:
            session.execute("update surveys_answer set text = %s where id = %s", [kept, here])
    assert visit(application, ELAN, f"/sondages/{survey}/").status == 200


def test_one_organisations_key_does_not_open_the_others_name(application: Sondage) -> None:
    for tenant in (ELAN, RAPIDES):
        assert visit(application, tenant).status == 200
    with owner(application) as session:
        rows = dict(session.execute("select tenant, (id, name)::text from surveys_person where subject = %s", [ROSALIE]).fetchall())
        assert set(rows) == {ELAN, RAPIDES}
        [(row, envelope)] = session.execute(
            "select id, name from surveys_person where tenant = %s and subject = %s", [ELAN, ROSALIE]
        ).fetchall()
    keyring = application.keyring.client()
    place = {"table": "surveys_person", "column": "name", "row": str(row)}
    assert keyring.unseal(tenant=ELAN, **place, envelope=envelope) == "Rosalie Béchamp".encode()
    with pytest.raises(SealError):
        keyring.unseal(tenant=RAPIDES, **place, envelope=envelope)


def test_every_write_of_a_request_carries_the_signed_context_of_its_host(application: Sondage) -> None:
    with owner(application) as session:
        session.execute("create table said (what text, ctx text)")
        session.execute(sql.SQL("grant insert on said to {}").format(sql.Identifier(application.name)))
        session.execute(
            "create function note() returns trigger language plpgsql as"
            " $$begin insert into said values (tg_table_name, current_setting('garant.ctx', true)); return new; end$$"
        )
        for table in ("surveys_person", "surveys_response"):
            session.execute(f"create trigger note before insert or update on {table} for each row execute function note()")
        try:
            session.execute("delete from surveys_person")
            for tenant in (RAPIDES, ELAN):
                assert visit(application, tenant).status == 200
            assert answer(application, ELAN, "parc-riverain", "oui") == 302
            said = session.execute("select what, ctx from said").fetchall()
        finally:
            session.execute("drop table said cascade")
            session.execute("drop function note() cascade")
    key = signed.read_key(application.database.data / "secrets" / "context-sondage")
    read = [(what, signed.read(key, ctx, now=datetime.now(UTC))) for what, ctx in said]
    assert [(what, found.tenant, found.actor) for what, found in read] == [
        ("surveys_person", RAPIDES, str(ROSALIE)),
        ("surveys_person", ELAN, str(ROSALIE)),
        ("surveys_response", ELAN, "visitor"),
    ]


def test_a_suspended_organisation_gets_503_and_the_other_goes_on(application: Sondage) -> None:
    for tenant in (ELAN, RAPIDES):
        assert visit(application, tenant).status == 200
    application.keyring.keys(ELAN, "suspend")
    try:
        assert Deadline(5).left()
        for _ in Deadline(5).tries(0.05):
            found = visit(application, ELAN)
            if found.status == 503:
                break
        assert found.status == 503
        assert "Sealed data cannot be read right now" in found.text
        assert "Rosalie" not in found.text
        assert visit(application, RAPIDES).status == 200
        # What is public closes as well: its introduction is sealed. What needs no key is still there.
        assert application.ask("/s/parc-riverain/", host=HOSTS[ELAN]).status == 503
        assert application.ask("/s/transport-collectif/", host=HOSTS[RAPIDES]).status == 200
        assert application.ask("/s/parc-riverain/merci/", host=HOSTS[ELAN]).status == 200
    finally:
        application.keyring.keys(ELAN, "resume")
    assert visit(application, ELAN).status == 200


def test_without_the_keyring_pages_say_so_and_come_back(application: Sondage) -> None:
    assert visit(application, ELAN).status == 200
    application.keyring.signal(signal.SIGKILL)
    try:
        for _ in Deadline(5).tries(0.05):
            found = visit(application, ELAN)
            if found.status == 503:
                break
        assert found.status == 503
        assert found.headers["Retry-After"] == "5"
    finally:
        application.keyring.stop()
        application.keyring.start()
    assert visit(application, ELAN).status == 200


def test_with_its_data_map_in_force_everything_works_and_no_row_shows_without_a_context(database) -> None:
    """The map compiled to row security (its own tests are elsewhere): this application lives under it."""
    made = maps.read_map(HOME / "garant-map.yaml")
    key = signed.read_key(database.data / "secrets" / "context-sondage")
    with Sondage(database) as application:
        server = {"host": str(database.cluster.socket), "port": database.cluster.port, "dbname": application.name}
        owning = {**server, "user": application.owner, "password": application.name}
        maps.apply_map(made=made, database=owning, role=application.name, key=key)
        found = maps.check_map(made=made, database=owning, role=application.name)
        assert found.coverage.findings == ()
        assert found.changes == ()
        application.start()
        assert "Rosalie Béchamp" in visit(application, ELAN).text
        assert "Lac au Héron" in visit(application, RAPIDES).text
        assert answer(application, ELAN, "parc-riverain", WORD) == 302
        assert give_address(application, ELAN, MAIL) == 302
        assert MAIL in find(application, ELAN, MAIL)
        assert application.ask("/s/parc-riverain/", host=HOSTS[RAPIDES]).status == 404
        assert application.ask("/healthz", host="localhost").status == 200
        application.manage("seed")
        with psycopg.connect(**server, user=application.name, password=application.name, autocommit=True) as session:
            for table in ("surveys_person", "surveys_survey", "surveys_answer"):
                assert session.execute(f"select count(*) from {table}").fetchone() == (0,)
            session.execute("begin")
            soon = datetime.now(UTC) + timedelta(minutes=1)
            session.execute(
                "select set_config('garant.ctx', %s, true)", [signed.sign(b"another key, 32 bytes at the least", tenant=ELAN, expires=soon)]
            )
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute("select count(*) from surveys_person")


def test_rows_of_before_are_sealed_and_a_migration_that_stopped_goes_on(database) -> None:
    """Two organisations whose names and texts were held in clear; the keyring is away in the middle of it."""
    with Sondage(database) as made:
        made.manage("migrate", "surveys", "zero", owner=True)
        made.manage("migrate", "surveys", "0002", owner=True)
        people = {tenant: uuid.uuid4() for tenant in (ELAN, RAPIDES)}
        with owner(made) as session:
            for tenant, id_ in people.items():
                session.execute(
                    "insert into surveys_person (id, tenant, subject, name, roles, language, first_seen)"
                    " values (%s, %s, %s, %s, '{member}', 'fr-ca', now())",
                    [id_, tenant, OMER, f"Omer de {tenant}"],
                )
            made.manage("migrate", "surveys", "0003", owner=True)
            session.execute("create function fail() returns trigger language plpgsql as $$begin raise exception 'the disk is full'; end$$")
            session.execute(
                "create trigger fail before update on surveys_person for each row"
                f" when (old.id = '{people[RAPIDES]}') execute function fail()"
            )
            with pytest.raises(AssertionError, match="the disk is full"):
                made.manage("migrate", owner=True)
            session.execute("drop function fail() cascade")
            made.manage("migrate", owner=True)
            rows = session.execute("select tenant, id, name from surveys_person").fetchall()
            columns = session.execute(
                "select count(*) from information_schema.columns where table_schema = 'public' and column_name like '%\\_plain'"
            ).fetchone()
        assert columns == (0,)
        keyring = made.keyring.client()
        for tenant, id_, envelope in rows:
            opened = keyring.unseal(tenant=tenant, table="surveys_person", column="name", row=str(id_), envelope=envelope)
            assert opened.decode() == f"Omer de {tenant}"
        assert len(rows) == 2
