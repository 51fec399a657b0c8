"""What is published names no customer, whatever a program says."""

import pytest

from garant.kernel.canonical import Json
from garant.statement.policy.discretion import Customers

CUSTOMERS = Customers(
    "garant.localhost",
    {"saint-elan.garant.localhost": "client 1a2b3c4d", "sondage.ville.example": "client 5e6f7a8b"},
    {"saint-elan": "client 1a2b3c4d", "trois-rapides": "client 5e6f7a8b", "fr": "client 00000000"},
)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("saint-elan.garant.localhost/.garant/fr/login/ answered 400", "client 1a2b3c4d/.garant/fr/login/ answered 400"),
        ("https://Saint-Elan.garant.localhost:8443/ did not answer", "https://client 1a2b3c4d:8443/ did not answer"),
        ("not valid for 'sondage.ville.example'.", "not valid for 'client 5e6f7a8b'."),
        ("leads to ancien-client.garant.localhost", "leads to client …"),
        ("a.b.garant.localhost.", "client …."),
        ("address.map: *|saint-elan|member", "address.map: *|client 1a2b3c4d|member"),
        ("trois-rapides and saint-elan", "client 5e6f7a8b and client 1a2b3c4d"),
        ("https://garant.localhost/fr/ answered 500", "https://garant.localhost/fr/ answered 500"),
        ("saint-elan.garant.localhost.example.org", "saint-elan.garant.localhost.example.org".replace("saint-elan", "client 1a2b3c4d")),
        ("x.garant.localhost.example.org", "x.garant.localhost.example.org"),
        ("*.garant.localhost", "*.garant.localhost"),
        ("saint-elan-sud and xsaint-elan", "saint-elan-sud and xsaint-elan"),
    ],
)
def test_hosts_and_slugs_of_customers_are_replaced_and_nothing_else(words: str, said: str) -> None:
    assert CUSTOMERS.unnamed(words) == said


def test_facts_lose_hosts_wherever_they_are_and_keep_their_form() -> None:
    facts: Json = {"saint-elan.garant.localhost": [{"path": "/saint-elan/", "status": 200}, "sondage.ville.example", None, True]}
    assert CUSTOMERS.facts(facts) == {"client 1a2b3c4d": [{"path": "/saint-elan/", "status": 200}, "client 5e6f7a8b", None, True]}


def test_without_any_tenant_nothing_changes() -> None:
    assert Customers().unnamed("x.garant.localhost answered 500") == "x.garant.localhost answered 500"
