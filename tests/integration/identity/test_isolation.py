"""Two tenants in one database: neither sees nor touches the other, whatever the query."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection, transaction

from garant.identity import queries, service
from garant.identity.service import TenantMismatch, tenant_transaction
from garant.kernel.errors import InputError
from support.database import Database

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


@pytest.fixture
def towns(transactional_db: None, database: Database) -> dict[str, uuid.UUID]:
    """Saint-Élan and Trois-Rapides, each with a Juliane."""
    made = {}
    for slug, name in (("saint-elan", "Ville de Saint-Élan"), ("trois-rapides", "MRC des Trois-Rapides")):
        with tenant_transaction(None, scope="operator"):
            tenant = service.add_tenant(slug=slug, name=name, host=f"{slug}.garant.localhost", at=NOW, actor="system:test")
        with tenant_transaction(tenant.id):
            service.add_user(
                login="Juliane", name=f"Juliane de {name}", email="juliane@example.org", at=NOW, actor="system:test", roles=("member",)
            )
        made[slug] = tenant.id
    return made


def test_each_tenant_sees_its_own_juliane_only(towns: dict[str, uuid.UUID]) -> None:
    seen = {}
    for slug, id_ in towns.items():
        with tenant_transaction(id_):
            seen[slug] = [person.name for person in queries.people()]
    assert seen == {"saint-elan": ["Juliane de Ville de Saint-Élan"], "trois-rapides": ["Juliane de MRC des Trois-Rapides"]}


def test_without_a_tenant_nothing_is_seen(towns: dict[str, uuid.UUID]) -> None:
    assert get_user_model().objects.count() == 0
    with tenant_transaction(None):
        assert get_user_model().objects.count() == 0


def test_a_row_forged_for_another_tenant_is_refused_by_the_database(towns: dict[str, uuid.UUID]) -> None:
    with tenant_transaction(towns["saint-elan"]), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        get_user_model().objects.create(tenant_id=towns["trois-rapides"], username="x", login="x", login_key="x", name="x", created_at=NOW)


def test_another_tenants_person_cannot_be_changed_or_deleted(towns: dict[str, uuid.UUID]) -> None:
    with tenant_transaction(towns["trois-rapides"]):
        victim = queries.people()[0].id
    with tenant_transaction(towns["saint-elan"]):
        assert queries.user(victim) is None
        assert get_user_model().objects.filter(pk=victim).update(name="taken") == 0
        assert get_user_model().objects.filter(pk=victim).delete()[0] == 0


def test_the_same_login_twice_in_one_tenant_is_refused_in_any_case(towns: dict[str, uuid.UUID]) -> None:
    """INT-33: each person has a user name of their own."""
    with tenant_transaction(towns["saint-elan"]), pytest.raises(InputError, match="taken in this organisation"):
        service.add_user(login="JULIANE", name="Another", at=NOW, actor="system:test")


def test_two_tenants_never_nest(towns: dict[str, uuid.UUID]) -> None:
    with tenant_transaction(towns["saint-elan"]), pytest.raises(TenantMismatch), tenant_transaction(towns["trois-rapides"]):
        pass


def test_the_context_does_not_outlive_its_transaction(towns: dict[str, uuid.UUID]) -> None:
    with tenant_transaction(towns["saint-elan"]):
        pass
    with connection.cursor() as cursor:
        cursor.execute("select garant_tenant(), garant_operator()")
        assert cursor.fetchone() == (None, False)


def test_a_rolled_back_transaction_leaves_neither_row_nor_entry(towns: dict[str, uuid.UUID]) -> None:
    def half_done() -> None:
        with tenant_transaction(towns["saint-elan"]):
            service.add_user(login="ghost", name="Ghost", at=NOW, actor="system:test")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    with tenant_transaction(towns["saint-elan"]):
        assert [person.login for person in queries.people()] == ["Juliane"]


def test_the_web_role_cannot_become_the_owner(towns: dict[str, uuid.UUID]) -> None:
    with tenant_transaction(towns["saint-elan"]), pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute("set role garant_owner")


def test_a_tenant_does_not_see_the_list_of_tenants(towns: dict[str, uuid.UUID]) -> None:
    with tenant_transaction(towns["saint-elan"]):
        assert [tenant.slug for tenant in queries.tenants()] == ["saint-elan"]
    with tenant_transaction(None, scope="operator"):
        assert {tenant.slug for tenant in queries.tenants()} >= {"saint-elan", "trois-rapides"}


def test_a_host_leads_to_its_tenant_and_an_unknown_one_to_none(towns: dict[str, Any]) -> None:
    found = queries.tenant_of_host("SAINT-ELAN.garant.localhost")
    assert found is not None
    assert found.id == towns["saint-elan"]
    assert queries.tenant_of_host("nobody.garant.localhost") is None


def test_a_taken_slug_is_refused_in_words(towns: dict[str, uuid.UUID]) -> None:
    with tenant_transaction(None, scope="operator"), pytest.raises(InputError, match="exists already"):
        service.add_tenant(slug="saint-elan", name="Again", host="again.garant.localhost", at=NOW, actor="system:test")


def test_the_operators_scope_ends_with_its_block(towns: dict[str, uuid.UUID]) -> None:
    with tenant_transaction(towns["saint-elan"]):
        with service.operator_scope():
            assert len(queries.tenants()) >= 2
            assert get_user_model().objects.count() == 2
        assert [tenant.slug for tenant in queries.tenants()] == ["saint-elan"]
        assert get_user_model().objects.count() == 1


def test_the_operators_scope_reads_and_does_not_write(towns: dict[str, uuid.UUID]) -> None:
    with tenant_transaction(towns["saint-elan"]), service.operator_scope():
        assert get_user_model().objects.filter(tenant_id=towns["trois-rapides"]).update(name="taken") == 0
