"""Rules that change behind Garant's back are found and brought back; what verbs did is left alone (ASO-16)."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from garant.access.models import NetworkRule
from garant.access.policy.addresses import parse_address, verdict
from garant.access.queries.addresses import address_rules, rules
from garant.access.service.address_repair import keep_witness, repair_rules
from garant.access.service.addresses import add_rule, expire_due, remove_rule
from garant.audit.queries import entries
from garant.edge.models import Policy
from garant.identity.queries import TenantFacts, tenants
from garant.identity.service import add_tenant, tenant_transaction

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
RESERVED = ("login", "member")


@pytest.fixture
def houses() -> list[TenantFacts]:
    for slug, name in (("saint-elan", "Ville de Saint-Élan"), ("trois-rapides", "MRC des Trois-Rapides")):
        with tenant_transaction(None, scope="operator"):
            made = add_tenant(slug=slug, name=name, host=f"{slug}.garant.localhost", at=NOW, actor="system:test").id
        with tenant_transaction(made):
            add_rule(network="198.51.100.0/24", verdict="allow", classes=RESERVED, at=NOW, actor="system:test")
    with tenant_transaction(None, scope="operator"):
        return [tenant for tenant in tenants() if tenant.slug in ("saint-elan", "trois-rapides")]


def shut(tenant: TenantFacts, address: str = "203.0.113.9") -> bool:
    with tenant_transaction(tenant.id):
        return verdict(rules(), parse_address(address), "member", NOW).value == "deny"


def test_what_verbs_did_is_left_alone(houses: list[TenantFacts]) -> None:
    for tenant in houses:
        with tenant_transaction(tenant.id):
            gone = add_rule(network="203.0.113.9", verdict="allow", classes=RESERVED, at=NOW, actor="x")
            add_rule(network="203.0.113.8", verdict="allow", classes=RESERVED, at=NOW, actor="x", expires_at=NOW + timedelta(hours=1))
            remove_rule(rule=gone, at=NOW, actor="x", confirm=True)
            expire_due(at=NOW + timedelta(hours=2))
        assert repair_rules(tenant, NOW + timedelta(hours=2)) == []


def test_a_rule_that_vanished_is_put_back(houses: list[TenantFacts]) -> None:
    ours, theirs = houses
    with tenant_transaction(ours.id):
        NetworkRule.objects.all().delete()
    assert not shut(ours)
    assert any("vanished" in said for said in repair_rules(ours, NOW))
    assert shut(ours)
    assert shut(theirs)
    assert repair_rules(ours, NOW) == []


def test_a_rule_without_a_trace_is_taken_out(houses: list[TenantFacts]) -> None:
    ours, _ = houses
    with tenant_transaction(ours.id):
        row = NetworkRule(id=uuid.uuid4(), tenant_id=ours.id, network="203.0.113.9/32", verdict="allow", classes=list(RESERVED))
        row.created_by, row.created_at = "nobody", NOW
        row.save(force_insert=True)
    assert not shut(ours)
    assert any("without a trace" in said for said in repair_rules(ours, NOW))
    assert shut(ours)
    with tenant_transaction(ours.id):
        assert "admin:address_rule:removed" in [entry.kind for entry in entries(tenant=ours.id, limit=10)]
    assert repair_rules(ours, NOW) == []


def test_a_rule_that_was_widened_is_narrowed_again(houses: list[TenantFacts]) -> None:
    ours, _ = houses
    with tenant_transaction(ours.id):
        NetworkRule.objects.update(network="0.0.0.0/0")
    assert not shut(ours)
    assert any("changed" in said for said in repair_rules(ours, NOW))
    assert shut(ours)
    assert repair_rules(ours, NOW) == []


def test_a_rule_that_was_made_to_end_lasts_again(houses: list[TenantFacts]) -> None:
    """Otherwise the minute's job would take it away with an entry, as if its time had come."""
    ours, _ = houses
    with tenant_transaction(ours.id):
        NetworkRule.objects.update(expires_at=NOW - timedelta(hours=1))
    assert not shut(ours)
    assert any("changed" in said for said in repair_rules(ours, NOW))
    assert shut(ours)
    assert repair_rules(ours, NOW) == []


def test_what_is_published_is_compared_with_the_table(houses: list[TenantFacts]) -> None:
    ours, _ = houses
    with tenant_transaction(ours.id):
        Policy.objects.filter(tenant_id=ours.id).update(
            document={"rules": [{"kind": "deny", "network": "192.0.2.0/24", "classes": ["login"]}]}
        )
    assert any("published" in said for said in repair_rules(ours, NOW))
    with tenant_transaction(ours.id):
        assert "198.51.100.0/24" in str(Policy.objects.get(tenant_id=ours.id).document)
    assert repair_rules(ours, NOW) == []


def test_the_witness_range_is_kept_once_for_each_organisation(houses: list[TenantFacts]) -> None:
    for tenant in houses:
        keep_witness(tenant, NOW)
        keep_witness(tenant, NOW)
        with tenant_transaction(tenant.id):
            assert [rule.network for rule in address_rules() if rule.verdict == "deny"] == ["127.66.54.0/24"]
        assert shut(tenant, "127.66.54.1")
        assert repair_rules(tenant, NOW) == []
