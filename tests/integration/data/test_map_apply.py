"""A map in force on a real PostgreSQL, with two organisations; each trap of row security is one test. The traps are numbered as in
the design notes: owners, views, partitions, foreign keys, TRUNCATE, sequences, settings, pools, forgery, plans."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from garant.data.engines import apply as engine
from garant.data.policy.compile.change import Kind
from garant.data.policy.compile.context import CANARIES
from garant.kernel.errors import EngineError
from garant.project.canaries import PAIR
from garant.sdk.context import sign
from support.database import Database
from support.mapped import ANSWERS, KEY, PERSONS, SURVEYS, Mapped, context

TABLES = ("person", "survey", "question", "answer", "visit")


@pytest.fixture(scope="module")
def house(database: Database) -> Iterator[Mapped]:
    with Mapped(database) as made:
        made.apply()
        yield made


@pytest.fixture
def fresh(database: Database) -> Iterator[Mapped]:
    """One whose map is in force and that the test may spoil."""
    with Mapped(database) as made:
        made.apply()
        yield made


def kinds(house: Mapped) -> set[Kind]:
    return {change.kind for change in house.differences()}


def count(session: "psycopg.Connection[tuple[object, ...]]", table: str) -> int:
    (found,) = session.execute(f"select count(*) from {table}").fetchone() or (0,)
    return int(str(found))


def test_before_the_map_everything_is_open_and_said(database: Database) -> None:
    with Mapped(database) as house:
        with house.as_("sondage") as session:
            assert count(session, "person") == 2
        assert {Kind.SECURITY_OFF, Kind.POLICY, Kind.REFERENCE, Kind.CAPTURE, Kind.VIEW, Kind.MATERIALIZED, Kind.FUNCTION} <= kinds(house)


def test_applied_once_nothing_is_left_and_a_second_run_changes_nothing(house: Mapped) -> None:
    assert house.differences() == ()
    assert house.apply() == ()


@pytest.mark.parametrize("tenant", ["erable", "bouleau"])
def test_each_organisation_sees_its_rows_only(house: Mapped, tenant: str) -> None:
    with house.within(tenant) as session:
        assert [count(session, table) for table in TABLES] == [1] * 5
        assert session.execute("select email from person").fetchall() == [(f"a@{tenant}.example",)]
        assert session.execute("select id from answer").fetchall() == [(ANSWERS[tenant],)]
        assert session.execute("update person set name = 'x' where tenant <> %s", [tenant]).rowcount == 0
        assert session.execute("delete from answer where id = any (%s)", [list(ANSWERS.values())]).rowcount == 1
        session.execute("rollback")


def test_01_the_owner_too_reads_one_organisation_only_and_the_application_owns_nothing(house: Mapped) -> None:
    with house.within("erable", role="sondage_owner") as session:
        assert count(session, "person") == 1
    with house.as_("sondage_owner") as session:
        assert count(session, "person") == 0
    assert all(table.owner != "sondage" for table in house.catalogue().tables.values())


def test_02_a_view_shows_what_its_reader_may_see(fresh: Mapped) -> None:
    with fresh.within("erable") as session:
        assert count(session, "people") == 1
    fresh.owner("create view emails as select email from people", "grant select on emails to sondage")
    assert Kind.VIEW in kinds(fresh)
    assert {change.kind for change in fresh.apply()} == {Kind.VIEW}
    with fresh.within("bouleau") as session:
        assert session.execute("select * from emails").fetchall() == [("a@bouleau.example",)]


def test_03_no_materialized_view_over_protected_rows_can_be_read(house: Mapped) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), house.within("erable") as session:
        session.execute("select * from head_count")


def test_04_a_partition_read_directly_is_protected_and_a_new_one_is_found(fresh: Mapped) -> None:
    with fresh.within("erable") as session:
        assert count(session, "visit_2026") == 1
    fresh.owner("create table visit_2027 partition of visit for values from ('2027-01-01') to ('2028-01-01')")
    assert {Kind.SECURITY_OFF, Kind.POLICY} <= kinds(fresh)
    fresh.apply()
    assert kinds(fresh) == set()


def test_05_pointing_at_another_organisation_fails_as_pointing_at_nothing(house: Mapped) -> None:
    said = []
    for survey in (SURVEYS["bouleau"], "00000000-0000-0000-0000-0000000000ff"):
        with pytest.raises(psycopg.errors.ForeignKeyViolation) as refusal, house.within("erable") as session:
            session.execute("insert into question (tenant, label, survey_id) values ('erable', 'x', %s)", [survey])
        said.append((refusal.value.diag.constraint_name, refusal.value.diag.message_primary))
    assert said[0] == said[1]


def test_05_unique_keys_of_one_organisation_tell_nothing_of_another(house: Mapped) -> None:
    """Identifiers are UUIDs: a clash is refused in the same words whoever holds the row, and cannot be guessed."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege), house.within("erable") as session:
        session.execute("insert into person (id, tenant) values (gen_random_uuid(), 'bouleau')")


def test_06_a_deletion_reaches_no_row_of_another_organisation(database: Database) -> None:
    with Mapped(database) as house:
        house.owner(f"insert into question (tenant, label, survey_id) values ('bouleau', 'planted', '{SURVEYS['erable']}')")
        with pytest.raises(EngineError, match="question has rows that point at another tenant's") as refusal:
            house.apply()
        assert "correct them" in str(refusal.value)
        assert Kind.SECURITY_OFF in kinds(house), "nothing was changed"
        house.owner("delete from question where label = 'planted'")
        house.apply()
        with house.within("erable") as session:
            session.execute("delete from answer")
            session.execute("delete from survey")
        with house.within("bouleau") as session:
            assert count(session, "question") == 1


def test_06_rows_that_cross_are_found_under_forced_security_too(fresh: Mapped) -> None:
    """PostgreSQL itself would call the new key valid: as the owner it sees no row."""
    fresh.owner(
        "alter table question drop constraint garant_question_survey_id_tenant",
        "alter table question add foreign key (survey_id) references survey (id)",
        "alter table question no force row level security",
        f"insert into question (tenant, label, survey_id) values ('bouleau', 'planted', '{SURVEYS['erable']}')",
        "alter table question force row level security",
    )
    with pytest.raises(EngineError, match="question has rows that point at another tenant's"):
        fresh.apply()


def test_06_actions_of_the_former_keys_go_on(fresh: Mapped) -> None:
    with fresh.within("erable") as session:
        session.execute("delete from person")
    with fresh.within("erable") as session:
        assert session.execute("select author, tenant from survey").fetchall() == [(None, "erable")]
        session.execute("delete from answer")
        session.execute("delete from survey")
        assert count(session, "question") == 0


def test_07_truncate_is_refused(fresh: Mapped) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), fresh.within("erable") as session:
        session.execute("truncate answer")
    fresh.owner("grant truncate, references on answer to sondage")
    assert kinds(fresh) == {Kind.GRANTED}
    fresh.apply()
    assert kinds(fresh) == set()


def test_08_sequences_do_not_tell_the_volume(fresh: Mapped) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), fresh.within("erable") as session:
        session.execute("select last_value from question_id_seq")
    fresh.owner("grant select on sequence question_id_seq to sondage")
    assert kinds(fresh) == {Kind.SEQUENCE}
    fresh.apply()
    with fresh.within("erable") as session:
        session.execute("insert into question (tenant, label, survey_id) values ('erable', 'x', %s)", [SURVEYS["erable"]])


def test_09_without_a_context_no_row_and_no_error_before_and_after_a_transaction(house: Mapped) -> None:
    with house.as_("sondage") as session:
        assert count(session, "person") == 0
        with session.transaction():
            session.execute("select set_config('garant.ctx', %s, true)", [context("erable")])
            assert count(session, "person") == 1
        assert count(session, "person") == 0
        assert session.execute("select garant.ctx_tenant(), garant.ctx_actor(), garant.ctx_purpose()").fetchone() == (None, None, None)


def test_11_two_organisations_interleaved_on_one_connection(house: Mapped) -> None:
    with house.as_("sondage") as session:
        for tenant in ("erable", "bouleau") * 5:
            with session.transaction():
                session.execute("select set_config('garant.ctx', %s, true)", [context(tenant)])
                assert session.execute("select tenant from person").fetchall() == [(tenant,)]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (context("erable", key=b"z" * 32), "forged"),
        (context("erable").replace("erable", "bouleau"), "forged"),
        (context("erable").replace("somebody", "somebody else"), "forged"),
        ("erable", "forged"),
        ("v1|erable|a||99999999999|", "forged"),
        ("|||||", "forged"),
        (context("erable", life=-5), "expired"),
    ],
)
def test_12_a_forged_or_expired_context_is_an_error(house: Mapped, setting: str, words: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=words), house.within("", setting=setting) as session:
        session.execute("select * from person")


def test_12_a_context_expires_in_a_transaction_that_was_open_before(house: Mapped) -> None:
    """Else one transaction kept open would be a door for every context that is seen later."""
    with house.within("", setting=context("erable", life=2)) as session:
        assert session.execute("select distinct tenant from person").fetchall() == [("erable",)]
        session.execute("select pg_sleep(3.1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="expired"), session.transaction():
            session.execute("select * from person")


def test_12_the_application_reads_neither_the_key_nor_what_was_captured(house: Mapped) -> None:
    for statement in (
        "select * from garant.context_key",
        "select * from garant.captured",
        "set role garant_priv",
        "set role sondage_owner",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), house.within("erable") as session:
            session.execute(statement.encode())


def test_12_measures_are_signed_for_in_the_name_of_the_canaries_alone(house: Mapped) -> None:
    assert tuple(slug for slug, _ in PAIR) == CANARIES
    end = int(time.time()) + 60
    with house.as_("garant_data") as probe:
        row = probe.execute("select garant.canary_context('garant-temoin-a', %s)", [end]).fetchone()
        assert row is not None
        assert row[0] == sign(
            KEY, tenant="garant-temoin-a", actor="garant-probe", purpose="isolation", expires=datetime.fromtimestamp(end, UTC)
        )
        for other in ("erable", None):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                probe.execute("select garant.canary_context(%s, %s)", [other, end])
    with pytest.raises(psycopg.errors.InsufficientPrivilege), house.within("erable") as session:
        session.execute("select garant.canary_context('garant-temoin-a', %s)", [end])


def test_12_a_context_says_who_and_why(house: Mapped) -> None:
    with house.within("", setting=context("erable", actor="42", purpose="support")) as session:
        assert session.execute("select garant.ctx_tenant(), garant.ctx_actor(), garant.ctx_purpose()").fetchone() == (
            "erable",
            "42",
            "support",
        )


def test_13_the_tenant_is_asked_once_a_statement_and_an_index_is_used(house: Mapped) -> None:
    with house.within("erable") as session:
        session.execute("set local enable_seqscan = off")
        lines = "\n".join(str(line) for (line,) in session.execute("explain select * from person where email like 'a%'"))
    assert "InitPlan" in lines
    assert "Index" in lines


@pytest.mark.parametrize(
    ("sabotage", "kind"),
    [
        ("alter table person disable row level security", Kind.SECURITY_OFF),
        ("alter table person no force row level security", Kind.NOT_FORCED),
        ("drop policy garant_tenant on survey", Kind.POLICY),
        ("alter policy garant_tenant on survey using (true)", Kind.POLICY),
        ("alter policy garant_tenant on survey to sondage_owner", Kind.POLICY),
        ("alter policy garant_tenant on answer using (exists (select 1 from question p1 where p1.id = question_id))", Kind.POLICY),
        ("create policy everyone on person using (true)", Kind.FOREIGN_POLICY),
        ("drop trigger garant_capture on person", Kind.CAPTURE),
        ("alter table person disable trigger garant_capture", Kind.CAPTURE),
        ("alter table question drop constraint garant_question_survey_id_tenant", Kind.REFERENCE),
    ],
)
def test_17_what_a_migration_or_a_hand_undoes_is_found(fresh: Mapped, sabotage: str, kind: Kind) -> None:
    if kind is Kind.REFERENCE:
        sabotage += "; alter table question add foreign key (survey_id) references survey (id)"
    fresh.owner(sabotage)
    assert kind in kinds(fresh)
    fresh.apply()
    left = kinds(fresh)
    assert left == ({Kind.FOREIGN_POLICY} if kind is Kind.FOREIGN_POLICY else set()), "what somebody else made is said, not removed"


def test_17_rights_beyond_the_map_are_found(fresh: Mapped, database: Database) -> None:
    try:
        with fresh.as_("postgres") as server:
            server.execute("alter role sondage bypassrls")
        assert Kind.ROLE_BYPASSES in kinds(fresh)
    finally:
        with fresh.as_("postgres") as server:
            server.execute("alter role sondage nobypassrls")
    assert kinds(fresh) == set()


def test_18_functions_with_anothers_rights_have_a_fixed_path(fresh: Mapped) -> None:
    assert all(
        "search_path=garant, pg_temp" in function.settings for function in fresh.catalogue().functions if function.schema == "garant"
    )
    fresh.owner("create function everybody() returns bigint language sql security definer as 'select count(*) from person'")
    assert kinds(fresh) == {Kind.DEFINER}


def test_a_function_that_was_changed_is_put_back(fresh: Mapped) -> None:
    with fresh.as_("sondage_owner") as owner:
        owner.execute("set role garant_priv")
        owner.execute("create or replace function garant.ctx_tenant() returns text language sql security definer as $$ select 'bouleau' $$")
    assert kinds(fresh) >= {Kind.FUNCTION}
    fresh.apply()
    with fresh.within("erable") as session:
        assert session.execute("select tenant from person").fetchall() == [("erable",)]


def test_changes_are_captured_with_who_and_what_and_without_secrets(fresh: Mapped) -> None:
    with fresh.within("erable") as session:
        session.execute("update person set name = 'Anne', password = 'y'")
        session.execute("update person set name = name")
        session.execute("delete from answer")
    with fresh.as_("postgres") as server:
        rows = server.execute("select tenant, actor, role, relation, action, key, diff from garant.captured order by id").fetchall()
    person = {"id": str(PERSONS["erable"])}
    assert rows[0] == (
        "erable",
        "somebody",
        "sondage",
        "public.person",
        "U",
        person,
        {"name": ["Ann erable", "Anne"], "password": "hidden"},
    )
    assert [(row[0], row[3], row[4]) for row in rows[1:]] == [("erable", "public.answer", "D")]


def test_a_table_in_use_is_left_alone_and_nothing_is_half_done(database: Database) -> None:
    with Mapped(database) as house, house.as_("sondage") as busy, busy.transaction():
        busy.execute("select * from visit")
        started = time.monotonic()
        with pytest.raises(EngineError, match="is in use"):
            house.apply()
        assert time.monotonic() - started < 20
        assert Kind.SCHEMA in kinds(house)


def test_a_database_of_somebody_else_s_is_told_what_its_owner_must_grant(database: Database) -> None:
    with Mapped(database) as house:
        with house.as_("postgres") as server:
            server.execute(
                f"alter database {house.name} owner to postgres; grant create, connect on database {house.name} to sondage_owner"
            )
        assert {change.kind for change in house.apply() if not change.sql} == {Kind.PLANT}
        assert kinds(house) == {Kind.PLANT}
        with house.within("erable") as session:
            assert count(session, "person") == 1


def test_another_key_ends_the_contexts_of_the_former(fresh: Mapped) -> None:
    with fresh.as_("sondage_owner") as owner:
        engine.apply(owner, fresh.map, application="sondage", key=b"n" * 40)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="forged"), fresh.within("erable") as session:
        session.execute("select * from person")
    with fresh.within("", setting=context("erable", key=b"n" * 40)) as session:
        assert count(session, "person") == 1


def test_a_plain_context_for_an_application_that_cannot_sign(database: Database) -> None:
    with Mapped(database) as house:
        house.text = house.text.replace("context: signed", "context: plain")
        house.apply()
        assert house.differences() == ()
        with house.as_("sondage") as session, session.transaction():
            session.execute("select set_config('app.tenant', 'erable', true), set_config('app.actor', '7', true)")
            assert session.execute("select tenant, garant.ctx_actor() from person").fetchall() == [("erable", "7")]
            assert count(session, "answer") == 1
        with house.as_("sondage") as session:
            assert count(session, "person") == 0
