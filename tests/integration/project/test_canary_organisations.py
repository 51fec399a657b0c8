"""The two organisations made for probes: there after a start, served, with keys, and counted nowhere as customers."""

import pytest
from django.db import IntegrityError, transaction

from garant.access.engines.probes import population
from garant.access.queries import address_rules
from garant.access.service.visitors import sources
from garant.assurance.engines.hosts import served_hosts
from garant.edge.service import lists_from_database
from garant.identity import queries as identity
from garant.identity.models import Tenant
from garant.identity.service import tenant_transaction
from garant.kernel.clock import SystemClock
from garant.project import canaries
from garant.vault import service as vault
from support.visitors import BASE, NOW, tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pair() -> list[identity.TenantFacts]:
    vault.make_root()
    for slug in ("saint-elan", "trois-rapides"):
        tenant(slug, slug)
    for _ in range(2):
        canaries.make(base=BASE, at=NOW())
    with tenant_transaction(None, scope="operator"):
        return identity.canary_tenants()


def test_two_are_made_once_with_keys_of_their_own(pair: list[identity.TenantFacts]) -> None:
    assert [each.slug for each in pair] == ["garant-temoin-a", "garant-temoin-b"]
    for each in pair:
        with tenant_transaction(each.id):
            sealed = vault.seal(tenant=each.id, table="t", column="c", row="1", plaintext=b"mark")
            assert vault.unseal(tenant=each.id, table="t", column="c", row="1", envelope=sealed) == b"mark"


def test_they_are_no_customers(pair: list[identity.TenantFacts]) -> None:
    with tenant_transaction(None, scope="operator"):
        assert [each.slug for each in identity.tenants()] == ["saint-elan", "trois-rapides"]
        assert len(identity.tenants(canaries=True)) == 4
    assert {each.slug for each in population()} == {"saint-elan", "trois-rapides"}
    assert not any("temoin" in host for host in served_hosts())


def test_their_hosts_answer_to_this_machine_only(pair: list[identity.TenantFacts]) -> None:
    found = identity.tenant_of_host(f"garant-temoin-a.{BASE}")
    assert found is not None
    assert (found.canary, found.sealing) == (True, True)
    with tenant_transaction(found.id):
        assert {rule.network for rule in address_rules()} == {"127.0.0.1/32"}
    assert sources(SystemClock())[f"garant-temoin-a.{BASE}"] == "127.0.0.1"
    with tenant_transaction(None, scope="operator"):
        assert f"garant-temoin-a.{BASE}" in lists_from_database().hosts


def test_the_operators_own_organisation_is_never_one_of_them(pair: list[identity.TenantFacts]) -> None:
    with (
        pytest.raises(IntegrityError, match="identity_operator_is_no_canary"),
        tenant_transaction(None, scope="operator"),
        transaction.atomic(),
    ):
        Tenant.objects.create(slug="operator", name="x", host=BASE, operator=True, canary=True, created_at=NOW())
