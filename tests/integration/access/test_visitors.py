"""From where probes of other areas are let in, for two customers, the operator and one who is suspended (ASO-21, AST-10)."""

import uuid
from datetime import UTC, datetime

import pytest

from garant.access.models import NetworkRule
from garant.access.service.visitors import sources
from garant.identity.models import Tenant
from garant.identity.service import add_tenant, tenant_transaction
from garant.kernel.clock import ManualClock

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
BASE = "garant.localhost"


def house(slug: str, *networks: str, operator: bool = False, classes: tuple[str, ...] = ("login", "member")) -> uuid.UUID:
    host = BASE if operator else f"{slug}.{BASE}"
    with tenant_transaction(None, scope="operator"):
        made = add_tenant(slug=slug, name=slug, host=host, operator=operator, at=NOW, actor="system:test")
    with tenant_transaction(made.id):
        for network in networks:
            NetworkRule.objects.create(
                id=uuid.uuid4(), tenant_id=made.id, network=network, verdict="allow", classes=list(classes), origin="admin", created_at=NOW
            )
    return made.id


def test_each_host_is_reached_from_where_its_own_rules_let_in() -> None:
    house("operator", "203.0.113.0/24", operator=True)
    house("saint-elan", "203.0.113.0/24")
    house("trois-rapides", "203.0.113.0/24", "127.9.0.0/16")
    house("sans-liste")
    assert sources(ManualClock(NOW)) == {
        BASE: "127.0.0.1",
        f"saint-elan.{BASE}": "",
        f"trois-rapides.{BASE}": "127.9.0.1",
        f"sans-liste.{BASE}": "127.0.0.1",
    }


def test_the_operators_page_counts_as_its_public_rules_say() -> None:
    house("operator", "203.0.113.0/24", operator=True, classes=("public",))
    assert sources(ManualClock(NOW)) == {BASE: ""}


def test_a_suspended_customer_answers_to_nobody_and_is_left_out() -> None:
    house("operator", operator=True)
    one = house("saint-elan", "127.0.0.1/32")
    house("trois-rapides", "127.0.0.1/32")
    with tenant_transaction(None, scope="operator"):
        Tenant.objects.filter(pk=one).update(suspended=True)
    assert sorted(sources(ManualClock(NOW))) == [BASE, f"trois-rapides.{BASE}"]
