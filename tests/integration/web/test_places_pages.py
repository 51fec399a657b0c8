"""Where the data are, on the trust page and in each customer's console: its own placement, and nobody else's."""

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.test import Client

from garant.access.queries.keys import public_keys
from garant.data import service
from garant.data.models import PlacesVersion
from garant.identity.models import Tenant
from garant.identity.service import tenant_transaction
from garant.kernel.canonical import canonical
from garant.kernel.clock import ManualClock
from garant.project import provision
from support.database import Database
from support.registers import ONE_SITE, Book, Kept
from support.visitors import BASE, NOW, Browser, person, tenant

CONSOLE = "/.garant/fr/console/places/"
BOTH = ONE_SITE.with_store(Kept("backup", "backup", "ashburn", "sftp://127.77.0.9/x"))


def body(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def town(db: None) -> Tenant:
    return tenant("saint-elan", "Ville de Saint-Élan")


@pytest.fixture
def admin(town: Tenant) -> Browser:
    return Browser(town).come_in(person(town, "rosalie", "admin", "member", name="Rosalie Béchamp"))


@pytest.fixture
def other(db: None) -> Browser:
    """The administrator of another customer."""
    away = tenant("trois-rapides", "MRC des Trois-Rapides")
    return Browser(away).come_in(person(away, "bob", "admin", "member", name="Bob Ailleurs"))


@pytest.fixture
def register(town: Tenant, monkeypatch: pytest.MonkeyPatch) -> Book:
    """In force for the length of a test: rows of the platform are the worker's to write, so the newest one is given as it would be."""
    text = BOTH.toml()
    row = PlacesVersion(number=1, text=text, digest="0" * 64, imported_at=NOW(), actor="system:test", position=1)

    class Rows:
        def order_by(self, *names: str) -> "Rows":
            return self

        def first(self) -> PlacesVersion:
            return row

    monkeypatch.setattr(PlacesVersion, "objects", Rows())
    return BOTH


def test_an_administrator_reads_its_own_placement_and_the_other_none(town: Tenant, admin: Browser, other: Browser, register: Book) -> None:
    with tenant_transaction(town.pk, scope="operator"):
        service.set_placement(country="CA", at=NOW(), actor="system:test")
    mine, theirs = body(admin.get(CONSOLE)), body(other.get(CONSOLE))
    assert "Montréal (CA)" in mine
    assert "interdit" in mine, "the backup in Virginia serves this customer and may not"
    assert "Personne n’a dit dans quel pays est votre organisation" in theirs
    assert "Où sont vos données" not in theirs


def test_who_is_no_administrator_does_not_read_it(town: Tenant, register: Book) -> None:
    answer = Browser(town).come_in(person(town, "omer", "member", name="Omer")).get(CONSOLE)
    assert answer.status_code == 403


def test_the_document_is_signed_and_names_no_customer(database: Database, transactional_db: None) -> None:
    """As the worker, which makes the report."""
    tenant("operator", "Logiciels Amélanche", operator=True)
    tenant("saint-elan", "Ville de Saint-Élan")
    client = Client(headers={"x-edge-ip": "198.51.100.9", "host": BASE})
    assert client.get("/.well-known/garant/places.json", secure=True).status_code == 404
    database.aim("worker")
    provision.prepare(database.data)
    service.import_places(ONE_SITE.toml(), at=NOW(), actor="system:test")
    assert service.tell_places({"database": "there"}, keys=database.data / "assertion", clock=ManualClock(NOW()))
    assert not service.tell_places({"database": "there"}, keys=database.data / "assertion", clock=ManualClock(NOW())), "no news"
    database.aim("web")
    answer = client.get("/.well-known/garant/places.json", secure=True)
    assert answer.status_code == 200
    document = json.loads(answer.content)
    raw = urlsafe_b64decode(public_keys()["keys"][0]["x"] + "=")
    key, signature = Ed25519PublicKey.from_public_bytes(raw), urlsafe_b64decode(document["signature"] + "==")
    key.verify(signature, b"garant/places/1\n" + canonical(document["report"]))
    with pytest.raises(InvalidSignature):
        key.verify(signature, b"garant/places/1\n" + canonical({**document["report"], "stores": []}))
    assert "saint-elan" not in answer.content.decode()
