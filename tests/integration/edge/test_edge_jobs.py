"""The retention of the access journal: what is older goes for every tenant, what is younger stays, even against a wrong order."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError

from garant.edge import jobs
from garant.edge.models import JournalLine
from garant.identity.service import tenant_transaction
from garant.kernel.clock import SystemClock
from support.database import Database

AGES = (1, 29, 40, 364, 366, 800)
"""Days."""


@pytest.fixture
def journal(database: Database) -> Iterator[list[uuid.UUID]]:
    """Two tenants and nobody's host, each with a line of each age; committed beside the test's transaction."""
    made = [uuid.uuid4(), uuid.uuid4()]
    with database.connect("postgres") as server:
        for number, one in enumerate(made):
            server.execute(
                "insert into identity_tenant (id, slug, name, host, operator, language, zone, suspended, created_at) "
                "values (%s, %s, 'T', %s, false, 'fr-ca', 'America/Toronto', false, now())",
                [one, f"lines-{number}", f"lines-{number}.garant.localhost"],
            )
        for one in (*made, None):
            for age in AGES:
                server.execute(
                    "insert into edge_journalline"
                    " (at, edge, worker, seq, request, address, host, tenant_id, method, path, status, ms, size, ending, reason)"
                    " values (now() - make_interval(days => %s), 'lines', 1, %s, '', '::1', 'h', %s, 'GET', '/', 200, 1, 1, '--', '')",
                    [age, age, one],
                )
    yield made
    with database.connect("postgres") as server:
        server.execute("delete from edge_journalline where edge = 'lines'")
        server.execute("delete from identity_tenant where slug like 'lines-%%'")


def ages() -> list[int]:
    with tenant_transaction(None, scope="operator"):
        return sorted(JournalLine.objects.filter(edge="lines").values_list("seq", flat=True))


def test_lines_beyond_the_retention_go_for_every_tenant(journal: list[uuid.UUID], as_worker: str) -> None:
    assert jobs.purge_journal(0) == 6
    assert ages() == sorted([1, 29, 40, 364] * 3)
    assert jobs.purge_journal(0) == 0


def test_the_operator_decides_how_long(journal: list[uuid.UUID], as_worker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "GARANT", replace(settings.GARANT, journal_days=31))
    assert jobs.purge_journal(0) == 12
    assert ages() == sorted([1, 29] * 3)


def test_small_batches_come_to_the_same_end(journal: list[uuid.UUID], as_worker: str) -> None:
    assert jobs.end_lines(before=SystemClock().now() - timedelta(days=365), batch=2) == 6


def test_the_database_keeps_the_last_thirty_days_whatever_is_asked(journal: list[uuid.UUID], as_worker: str) -> None:
    jobs.end_lines(before=SystemClock().now() + timedelta(days=1))
    assert ages() == sorted([1, 29] * 3)


def test_no_web_process_can_delete_a_line(journal: list[uuid.UUID], db: None) -> None:
    with pytest.raises(DatabaseError, match="permission denied"):
        jobs.end_lines(before=SystemClock().now())


def test_it_is_among_the_workers_periodic_jobs() -> None:
    assert "garant.edge.jobs" in settings.PROCRASTINATE_IMPORT_PATHS
    assert jobs.purge_journal.name == "edge.purge_journal"
