"""What was recorded is never rewritten: not by the page's role, not by the worker, not by the owner of the tables."""

import psycopg
import pytest

from garant.kernel.clock import ManualClock
from garant.statement import service
from support.evidence import NOON
from support.house import committed_house  # noqa: F401 - the fixture `committed`


@pytest.fixture
def recorded(committed, database):
    """One statement kept once."""
    service.keep_once(clock=ManualClock(NOON))
    database.close()
    return database


def refused(database, role, command):
    with database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(command)


@pytest.mark.parametrize("role", ["web", "edge"])
def test_a_role_that_shows_pages_or_guards_the_door_reads_and_writes_nothing(recorded, role):
    with recorded.connect(role) as connection:
        assert connection.execute("select count(*) from statement_claim_interval").fetchone()[0] > 0
    refused(recorded, role, "insert into statement_statement (slug, created_at) values ('forged', now())")
    refused(recorded, role, "insert into statement_measure_verdict default values")
    refused(recorded, role, "update statement_claim_interval set state = 'kept'")
    refused(recorded, role, "update statement_claim_interval set ended_at = now()")
    refused(recorded, role, "delete from statement_evidence")


@pytest.mark.parametrize("role", ["worker", "owner"])
@pytest.mark.parametrize("table", ["statement_version", "statement_evidence", "statement_measure_verdict", "statement_claim_interval"])
def test_nobody_deletes_what_was_recorded(recorded, role, table):
    refused(recorded, role, f"delete from {table}")


@pytest.mark.parametrize("role", ["worker", "owner"])
@pytest.mark.parametrize(
    "command",
    [
        "update statement_claim_interval set state = 'kept'",
        "update statement_claim_interval set reason_en = 'all is well', ended_at = now() where ended_at is null",
        "update statement_claim_interval set ended_at = now() where ended_at is not null",
        "update statement_claim_interval set ended_at = null where ended_at is not null",
        "update statement_claim_interval set began_at = '2020-01-01'",
        "update statement_measure_verdict set state = 'kept'",
        "update statement_evidence set facts = '{}'",
        "update statement_version set text = ''",
    ],
)
def test_nobody_rewrites_what_was_recorded(recorded, role, command):
    refused(recorded, role, command)


def test_the_worker_may_close_an_open_interval_and_nothing_more(recorded):
    with recorded.connect("worker") as connection:
        closed = connection.execute("update statement_claim_interval set ended_at = began_at where ended_at is null and claim = 'MAI-04'")
        assert closed.rowcount == 1


def test_a_claim_has_one_open_interval_at_most(recorded):
    with recorded.connect("owner") as connection, pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(
            "insert into statement_claim_interval (statement_id, claim, began_at, position, state, reason_fr, reason_en, number_fr,"
            " number_en, words_fr, words_en, evidence) select statement_id, claim, began_at, 0, state, reason_fr, reason_en, number_fr,"
            " number_en, words_fr, words_en, evidence from statement_claim_interval where ended_at is null limit 1"
        )
