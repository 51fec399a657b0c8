"""The worker's jobs, with the worker's role, for every tenant."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest

from garant.access import jobs
from garant.access.models import NetworkRule, Session
from garant.audit import queries as audit
from garant.identity.service import tenant_transaction
from garant.kernel.clock import ManualClock
from support.database import Database
from support.visitors import NOW


@pytest.fixture
def tenants(database: Database) -> Iterator[list[uuid.UUID]]:
    """Two tenants, committed beside the test's transaction, and taken away after it: asked for before `as_worker`."""
    made = [uuid.uuid4(), uuid.uuid4()]
    with database.connect("postgres") as server:
        for number, one in enumerate(made):
            server.execute(
                "insert into identity_tenant (id, slug, name, host, operator, language, zone, suspended, created_at) "
                "values (%s, %s, 'T', %s, false, 'fr-ca', 'America/Toronto', false, now())",
                [one, f"jobs-{number}", f"jobs-{number}.garant.localhost"],
            )
    yield made
    with database.connect("postgres") as server:
        server.execute("delete from identity_tenant where slug like 'jobs-%%'")


def test_what_is_over_goes_for_every_tenant_and_the_rest_stays(
    tenants: list[uuid.UUID], as_worker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = NOW()
    for tenant in tenants:
        with tenant_transaction(tenant):
            for number, end in enumerate((-1, 1)):
                moment = now + timedelta(hours=end)
                Session.objects.create(
                    key=f"{tenant.hex}{number:032}",
                    tenant_id=tenant,
                    created_at=now,
                    last_seen_at=now,
                    expires_at=moment,
                    absolute_expires_at=moment,
                    data=b"",
                )
                NetworkRule.objects.create(
                    tenant_id=tenant,
                    network=f"192.0.2.{number}/32",
                    verdict="deny",
                    classes=["member"],
                    origin="admin",
                    expires_at=moment,
                    created_by="system:test",
                    created_at=now,
                )
    monkeypatch.setattr(jobs, "CLOCK", ManualClock(now))
    assert jobs.purge_sessions(0) == 2
    assert jobs.expire_addresses(0) == 2
    assert jobs.purge_sessions(0) == 0
    for tenant in tenants:
        with tenant_transaction(tenant):
            assert Session.objects.count() == 1
            assert NetworkRule.objects.count() == 1
            assert [entry.kind for entry in audit.entries(tenant=tenant, kinds=["system:address_rule:expired"])]
