"""The demonstration data: whole at the first start, untouched at the second."""

from datetime import UTC, datetime

import pytest

from garant.access import queries as access
from garant.identity import queries as identity
from garant.identity.service import tenant_transaction
from garant.project import demo
from garant.vault import service as vault

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_towns_and_the_operator_are_made_once() -> None:
    vault.make_root()
    first = demo.load(operator="Logiciels Amélanche", base="garant.localhost", at=NOW)
    again = demo.load(operator="Logiciels Amélanche", base="garant.localhost", at=NOW)
    assert {account.host for account in first} == {"garant.localhost", "saint-elan.garant.localhost", "trois-rapides.garant.localhost"}
    assert len({account.password for account in first}) == len(first)
    assert again == []
    with tenant_transaction(None, scope="operator"):
        towns = {tenant.slug: tenant.id for tenant in identity.tenants()}
    with tenant_transaction(towns["saint-elan"]):
        assert {rule.network for rule in access.address_rules()} == {"127.0.0.1/32", "::1/128"}
        assert {person.login for person in access.people()} == {"rosalie", "juliane", "omer"}
    with tenant_transaction(towns["trois-rapides"]):
        assert {person.login for person in access.people()} == {"thais", "noe"}
