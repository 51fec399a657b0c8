"""An entry lives or dies with its act, is never rewritten, and is not seen by another tenant."""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from garant.audit import queries
from garant.audit.service import Kind, append
from garant.identity.service import tenant_transaction

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
SAINT_ELAN, TROIS_RAPIDES = uuid.uuid4(), uuid.uuid4()

pytestmark = pytest.mark.django_db(transaction=True)


def _entry(tenant: uuid.UUID) -> int:
    with tenant_transaction(tenant):
        return append(Kind.LOGGED_IN, at=NOW, actor="user:a", tenant=tenant, payload={"address": "127.0.0.1"})


def test_an_entry_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="outside the transaction"):
        append(Kind.LOGGED_IN, at=NOW, actor="user:a")


def test_a_tenant_reads_its_entries_and_no_other() -> None:
    mine, other = _entry(SAINT_ELAN), _entry(TROIS_RAPIDES)
    with tenant_transaction(SAINT_ELAN):
        assert [entry.seq for entry in queries.entries(tenant=SAINT_ELAN)] == [mine]
        assert queries.entries(tenant=TROIS_RAPIDES) == []
    with tenant_transaction(None, scope="operator"):
        assert [entry.seq for entry in queries.entries(tenant=TROIS_RAPIDES)] == [other]


def test_an_entry_in_another_tenants_name_is_refused_by_the_database() -> None:
    with tenant_transaction(SAINT_ELAN), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        append(Kind.LOGGED_IN, at=NOW, actor="user:a", tenant=TROIS_RAPIDES)


@pytest.mark.parametrize("act", ["update audit_outbox set actor = 'x'", "delete from audit_outbox"])
def test_an_entry_is_never_rewritten_nor_removed(act: str) -> None:
    _entry(SAINT_ELAN)
    with tenant_transaction(SAINT_ELAN), pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(act)


def test_a_payload_without_canonical_form_is_refused() -> None:
    with tenant_transaction(SAINT_ELAN), pytest.raises(TypeError, match="float"):
        append(Kind.LOGGED_IN, at=NOW, actor="user:a", tenant=SAINT_ELAN, payload={"ratio": 0.5})  # type: ignore[dict-item]
