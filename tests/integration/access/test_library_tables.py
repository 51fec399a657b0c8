"""Every table is under forced row security, or is listed here with the reason why it cannot be."""

import pytest
from django.db import connection
from django.db.utils import ProgrammingError

from garant.identity.service import tenant_transaction
from support.database import Database
from support.visitors import Browser, person, tenant

pytestmark = [pytest.mark.django_db, pytest.mark.urls("support.access_pages")]

LISTED = {
    "shared_cache": "counts of tries, keyed by digests that name the tenant; no person's data; read by key before any tenant is known",
    "django_migrations": "which schema this is; written by the owner only",
    "django_content_type": "names of tables; no row of a tenant",
    "auth_permission": "names of Django's permissions; the product grants none",
    "auth_group": "Django's groups; the product has none (roles are identity_roleassignment)",
    "auth_group_permissions": "the same",
    "procrastinate_jobs": "jobs carry identifiers only and open their own tenant's transaction",
    "procrastinate_events": "history of jobs; identifiers of jobs only",
    "procrastinate_periodic_defers": "when each periodic job last ran",
    "procrastinate_workers": "heartbeat of the workers",
}


def tables() -> dict[str, bool]:
    """Each table of the product's schema, and whether its row security is forced."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.relname, c.relrowsecurity and c.relforcerowsecurity from pg_class c "
            "where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
        )
        return dict(cursor.fetchall())


def test_a_table_without_forced_row_security_is_listed_with_a_reason() -> None:
    found = tables()
    assert len(found) > 20
    open_ones = {name for name, forced in found.items() if not forced}
    assert open_ones - set(LISTED) == set(), "put `call garant_isolate(...)` in the migration, or give the reason here"
    assert set(LISTED) - open_ones == set(), "listed, but forced or gone: take it off the list"
    assert all(len(reason) > 20 or reason == "the same" for reason in LISTED.values())


def test_no_table_belongs_to_a_role_that_serves_requests(database: Database) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select tablename, tableowner from pg_tables where schemaname = 'public' and tableowner <> 'garant_owner'")
        assert cursor.fetchall() == []
        cursor.execute("select rolname from pg_roles where rolname like 'garant%' and (rolsuper or rolbypassrls or rolcreaterole)")
        assert cursor.fetchall() == []


def test_factors_of_the_login_library_belong_to_the_tenant_of_their_person() -> None:
    alice = person(tenant("saint-elan", "Ville de Saint-Élan"), "alice", "member")
    bob = person(tenant("trois-rapides", "MRC des Trois-Rapides"), "bob", "member")
    for who in (alice, bob):
        Browser(who.tenant).come_in(who)
    count = "select count(*), count(*) filter (where user_id = %s) from mfa_authenticator"
    for who in (alice, bob):
        with tenant_transaction(who.tenant.id), connection.cursor() as cursor:
            cursor.execute(count, [who.id])
            assert cursor.fetchone() == (2, 2)
    with tenant_transaction(None), connection.cursor() as cursor:
        cursor.execute(count, [alice.id])
        assert cursor.fetchone() == (0, 0), "without a tenant nothing is shown"
    with tenant_transaction(alice.tenant.id), connection.cursor() as cursor:
        cursor.execute("update mfa_authenticator set data = '{}' where user_id = %s", [bob.id])
        assert cursor.rowcount == 0
    with pytest.raises(ProgrammingError, match="row-level security"), tenant_transaction(alice.tenant.id), connection.cursor() as cursor:
        cursor.execute("insert into mfa_authenticator (user_id, type, data, created_at) values (%s, 'webauthn', '{}', now())", [bob.id])
