"""The application's own role, tried on a real database: nothing of the other organisation is seen, and each sabotage is (CIR-05)."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from garant.data.engines.apply import differences
from garant.data.engines.rows import PLANTED, Place, as_the_application
from garant.data.engines.trespass import Tried
from garant.data.policy.isolation import WALLS
from support.database import Database
from support.mapped import Mapped

PAIR = ("garant-temoin-a", "garant-temoin-b")
PLACE = Place("sondage", ("tenant",))


@pytest.fixture(scope="module")
def house(database: Database) -> Iterator[Mapped]:
    """Four organisations: two customers and the two made for probing, whose rows are there before the map is put in force."""
    with Mapped(database) as made:
        with made.as_("postgres") as server:
            for tenant in PAIR:
                person = uuid.uuid4()
                server.execute("insert into person values (%s, %s, 'a@example.org', 'Ann', 'x')", [person, tenant])
                server.execute("insert into survey values (%s, %s, 'Survey', %s)", [uuid.uuid4(), tenant, person])
                server.execute("insert into visit (tenant, at) values (%s, '2026-05-01')", [tenant])
        made.apply()
        yield made


def tried(house: Mapped) -> Tried:
    with house.as_("garant_data") as session:
        seen, planted = as_the_application(session, PLACE, PAIR, datetime.now(UTC))
    assert planted, "the planted table was not found readable"
    return seen


def faults(house: Mapped) -> list[str]:
    with house.as_("garant_data") as session:
        return [f"{each.kind} {each.subject}" for each in differences(session, house.map, application="sondage") if each.kind in WALLS]


@contextmanager
def sabotage(house: Mapped, breaks: str, mends: str) -> Iterator[None]:
    with house.as_("postgres") as server:
        server.execute(breaks.encode())
    try:
        yield
    finally:
        with house.as_("postgres") as server:
            server.execute(mends.encode())


def test_nothing_is_seen_of_the_other_and_ones_own_is(house: Mapped) -> None:
    seen = tried(house)
    assert (seen.through, seen.unclear, faults(house)) == ([], [], [])
    assert seen.witness >= 6
    assert seen.tries > 60


def test_nothing_is_left_behind(house: Mapped) -> None:
    tried(house)
    with house.as_("postgres") as server:
        assert server.execute("select count(*) from pg_class where relname = %s", [PLANTED]).fetchone() == (0,)
        assert server.execute("select count(*) from person where tenant = any(%s)", [list(PAIR)]).fetchone() == (2,)


def test_row_security_off_on_one_table(house: Mapped) -> None:
    with sabotage(house, "alter table person disable row level security", "alter table person enable row level security"):
        through = tried(house).through
        assert {"own person", "update person", "unset person", "forged person"} <= set(through)
        assert not any("survey" in each for each in through)
        assert "security_off person" in faults(house)
    assert tried(house).through == []


def test_a_role_that_bypasses(house: Mapped) -> None:
    with sabotage(house, "alter role sondage bypassrls", "alter role sondage nobypassrls"):
        assert {"own person", "own survey", "own visit"} <= set(tried(house).through)
        assert "role_bypasses sondage" in faults(house)
    assert (tried(house).through, faults(house)) == ([], [])


def test_a_policy_that_is_gone_is_told_by_the_catalogue(house: Mapped) -> None:
    """Without a policy forced row security shows nothing: nobody gets through, and the application is shut out."""
    with sabotage(house, "drop policy garant_tenant on survey", "select 1"):
        assert "policy survey" in faults(house)
        assert not any("survey" in each for each in tried(house).through)
    house.apply()
    assert faults(house) == []


def test_a_second_policy_that_opens(house: Mapped) -> None:
    with sabotage(house, "create policy wide on survey using (true)", "drop policy wide on survey"):
        assert "own survey" in tried(house).through
        assert any(each.startswith("foreign_policy") for each in faults(house))
    assert tried(house).through == []


def test_a_plain_view(house: Mapped) -> None:
    made = "create view everybody as select * from person; grant select on everybody to sondage"
    with sabotage(house, made, "drop view everybody"):
        assert {"own everybody", "unset everybody", "forged everybody"} <= set(tried(house).through)
        assert "view everybody" in faults(house)
    assert (tried(house).through, faults(house)) == ([], [])


def test_a_materialized_view(house: Mapped) -> None:
    made = "create materialized view copied as select * from person; grant select on copied to sondage"
    with sabotage(house, made, "drop materialized view copied"):
        assert "own copied" in tried(house).through
        assert "materialized copied" in faults(house)


def test_a_partition_without_its_own_policy(house: Mapped) -> None:
    with sabotage(house, "alter table visit_2026 disable row level security", "alter table visit_2026 enable row level security"):
        assert "own visit_2026" in tried(house).through
        assert any("visit_2026" in each for each in faults(house))
    assert tried(house).through == []


def test_truncate_and_sequences(house: Mapped) -> None:
    with sabotage(house, "grant truncate on person to sondage", "revoke truncate on person from sondage"):
        assert "granted person" in faults(house)
    with sabotage(house, "grant select on sequence question_id_seq to sondage", "revoke select on sequence question_id_seq from sondage"):
        assert any(each.startswith("sequence") for each in faults(house))


def test_contexts_that_cannot_be_had_give_no_witness(house: Mapped) -> None:
    """Garant cannot become a customer: the function signs for the two organisations made for probing only."""
    with house.as_("garant_data") as session:
        seen, planted = as_the_application(session, PLACE, ("erable", "bouleau"), datetime.now(UTC))
    assert planted
    assert (seen.witness, seen.through) == (0, [])


def test_a_signature_that_is_not_checked_any_more(house: Mapped) -> None:
    """Everything that was signed by nobody, or long ago, then counts."""
    careless = """
    create or replace function garant.ctx_tenant() returns text language plpgsql stable security definer set search_path = garant, pg_temp
    as $$ begin return nullif(split_part(current_setting('garant.ctx', true), '|', 2), ''); end $$
    """
    with house.as_("postgres") as server:
        row = server.execute("select pg_get_functiondef('garant.ctx_tenant()'::regprocedure)").fetchone()
        assert row is not None
        server.execute(careless.encode())
    try:
        through = set(tried(house).through)
        assert {"forged person", "unsigned person", "altered person", "replayed person"} <= through
        assert "function garant.ctx_tenant" in faults(house)
    finally:
        with house.as_("postgres") as server:
            server.execute(str(row[0]).encode())
    assert (tried(house).through, faults(house)) == ([], [])
