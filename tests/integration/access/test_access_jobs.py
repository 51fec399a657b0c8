"""The worker's jobs, with the worker's role, for every tenant."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest

from garant.access import jobs
from garant.access.models import AccessPolicy, NetworkRule, Session
from garant.access.sessions import SessionStore, Visit
from garant.audit import queries as audit
from garant.edge.models import Revocation
from garant.identity.service import add_user, tenant_transaction
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


def test_a_person_s_session_that_ends_by_time_is_revoked_at_the_edge(
    tenants: list[uuid.UUID], as_worker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row was deleted without a word: a WebSocket of it stayed open for as long as both ends liked."""
    now = NOW()
    monkeypatch.setattr(jobs, "CLOCK", ManualClock(now))
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    # opened, last seen, promised idle end, promised absolute end; whether it stands under limits of 30 minutes and 12 hours
    cases = {
        "0": (now - hour, now - minute, now + 29 * minute, now + 11 * hour, True),
        "1": (now - hour, now - 31 * minute, now + hour, now + 11 * hour, False),
        "2": (now - hour, now - minute, now - minute, now + 11 * hour, False),
        "3": (now - 13 * hour, now - minute, now + 29 * minute, now + hour, False),
        "4": (now - hour, now - minute, now + 29 * minute, now, False),
    }
    for tenant in tenants:
        with tenant_transaction(tenant):
            who = add_user(login="alice", name="Alice", at=now, actor="system:test")
            for name, (opened, seen, idle, absolute, _) in cases.items():
                Session.objects.create(
                    key=f"{tenant.hex}{name:0>32}",
                    tenant_id=tenant,
                    user=who,
                    created_at=opened,
                    last_seen_at=seen,
                    expires_at=idle,
                    absolute_expires_at=absolute,
                    data=b"",
                )
    assert jobs.purge_sessions(0) == 8
    assert jobs.purge_sessions(0) == 0
    over = {name for name, case in cases.items() if not case[-1]}
    for tenant in tenants:
        with tenant_transaction(tenant):
            assert list(Session.objects.values_list("key", flat=True)) == [f"{tenant.hex}{0:032}"]
            told = set(Revocation.objects.filter(kind="s", tenant_id=tenant).values_list("key", flat=True))
            assert told == {f"{tenant.hex}{name:0>32}".upper() for name in over}
            said = [entry.payload["by"] for entry in audit.entries(tenant=tenant, kinds=["user:session:ended"])]
            assert sorted(said) == ["idle", "idle", "limit", "limit"]


def test_a_shorter_limit_ends_sessions_within_the_minute(tenants: list[uuid.UUID], as_worker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tenant chose now counts, not what was promised at the login."""
    now = NOW()
    monkeypatch.setattr(jobs, "CLOCK", ManualClock(now))
    for tenant in tenants:
        with tenant_transaction(tenant):
            AccessPolicy.objects.create(tenant_id=tenant, idle_minutes=5 if tenant == tenants[0] else 60, changed_at=now)
            Session.objects.create(
                key=f"{tenant.hex}{0:032}",
                tenant_id=tenant,
                user=add_user(login="alice", name="Alice", at=now, actor="system:test"),
                created_at=now - timedelta(hours=1),
                last_seen_at=now - timedelta(minutes=10),
                expires_at=now + timedelta(hours=1),
                absolute_expires_at=now + timedelta(hours=1),
                data=b"",
            )
    assert jobs.purge_sessions(0) == 1
    with tenant_transaction(tenants[1]):
        assert Session.objects.count() == 1


def test_sessions_without_a_person_live_twenty_minutes_at_most(
    tenants: list[uuid.UUID], as_worker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred requests without a cookie made 166 rows that stayed for two hours."""
    now = NOW()
    monkeypatch.setattr(jobs, "CLOCK", ManualClock(now))
    for tenant in tenants:
        with tenant_transaction(tenant):
            for minutes in (19, 20, 21):
                store = SessionStore(visit=Visit(now - timedelta(minutes=minutes)))
                store["anything"] = "half of a login"
                store.save()
            assert all(row.expires_at - row.created_at <= timedelta(minutes=20) for row in Session.objects.all())
    assert jobs.purge_sessions(0) == 4
    for tenant in tenants:
        with tenant_transaction(tenant):
            assert Session.objects.count() == 1
            assert not Revocation.objects.filter(tenant_id=tenant).exists(), "the edge never heard of them"


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
