"""Verbs on places, with two customers in two countries: what is imported, who places whom, and what is refused before the first byte."""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, transaction

from garant.audit.queries import entries
from garant.data import service
from garant.data.models import PlacementRow
from garant.data.queries import places as queries
from garant.data.service import TargetRefused
from garant.identity import service as identity
from garant.identity.service import tenant_transaction
from garant.kernel.errors import InputError
from support.database import Database
from support.registers import ONE_SITE, Book, Kept, Place

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
SYDNEY = Place("sydney", "Sydney", "AU-NSW", "AU", network="127.61.0.0/16")
CENTRAL = Place("central", "Montréal", "CA-QC", "CA", role="other", network="127.62.0.0/16")
TWO = Book(
    [SYDNEY, CENTRAL],
    [Kept("database", "database", "sydney"), Kept("backup", "backup", "central", "sftp://backup.example.org/x")],
    'AU = ["region-sydney"]\nNZ = ["region-sydney"]\nCA = ["region-central"]',
)


def put(book: Book, database: Database) -> None:
    """The worker's act: it alone may add a version."""
    database.aim("worker")
    service.import_places(book.toml(), at=NOW, actor="system:test")
    database.aim("web")


@pytest.fixture
def customers(transactional_db: None, database: Database) -> dict[str, uuid.UUID]:
    """Whangārei in New Zealand, Saint-Élan in Canada, by the map of two regions."""
    put(TWO, database)
    made = {}
    for slug, country in (("whangarei", "NZ"), ("saint-elan", "CA")):
        id_ = uuid.uuid4()
        with tenant_transaction(id_, scope="operator"):
            identity.add_tenant(id_=id_, slug=slug, name=slug, host=f"{slug}.garant.localhost", at=NOW, actor="system:test")
            assert service.set_placement(country=country, at=NOW, actor="system:test")
        made[slug] = id_
    return made


def test_a_target_abroad_is_refused_before_the_first_byte_and_entered(customers: dict[str, uuid.UUID]) -> None:
    """New Zealand's data may be in Sydney, by the map; Canada's may not."""
    kiwi, elan = customers["whangarei"], customers["saint-elan"]
    given = {"categories": ["user"], "at": NOW, "actor": "system:test"}
    assert service.require_target(store="database", tenant=kiwi, **given).region == "region-sydney"  # type: ignore[arg-type]
    with pytest.raises(TargetRefused, match="database is in the region region-sydney") as refused:
        service.require_target(store="database", tenant=elan, **given)  # type: ignore[arg-type]
    assert "ne vont que dans\u00a0: region-central" in refused.value.text.fr
    with tenant_transaction(elan):
        assert entries(tenant=elan)[0].kind == "system:target:refused"
    with tenant_transaction(kiwi):
        assert "system:target:refused" not in [entry.kind for entry in entries(tenant=kiwi)]


def test_a_backup_of_everybody_needs_everybodys_leave(customers: dict[str, uuid.UUID]) -> None:
    with pytest.raises(TargetRefused):
        service.require_target(store="backup", tenant=None, categories=["user"], at=NOW, actor="system:test")
    with tenant_transaction(None, scope="operator"):
        assert entries(tenant=None)[0].kind == "system:target:refused"


def test_a_store_that_nobody_registered_is_refused(customers: dict[str, uuid.UUID]) -> None:
    with pytest.raises(TargetRefused, match="not in the register"):
        service.require_target(store="dropbox", tenant=customers["whangarei"], categories=["user"], at=NOW, actor="system:test")


def test_each_customer_reads_its_own_placement_only_and_writes_none(customers: dict[str, uuid.UUID]) -> None:
    kiwi, elan = customers["whangarei"], customers["saint-elan"]
    with tenant_transaction(kiwi):
        assert queries.placement_of(kiwi).country == "NZ"
        assert queries.placement_of(elan).country == ""
        assert set(queries.placements()) == {kiwi}
    with tenant_transaction(kiwi):
        assert PlacementRow.objects.update(country="CA") == 0
    with tenant_transaction(uuid.uuid4()), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        PlacementRow.objects.create(tenant_id=uuid.uuid4(), country="CA", changed_at=NOW, actor="x")
    with tenant_transaction(kiwi), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        PlacementRow.objects.all().delete()
    with tenant_transaction(None):
        assert queries.placements() == {}


def test_only_the_map_gives_regions(customers: dict[str, uuid.UUID]) -> None:
    with tenant_transaction(customers["whangarei"], scope="operator"):
        with pytest.raises(InputError, match=r"gives no region to FR; add FR = \[...\]"):
            service.set_placement(country="FR", at=NOW, actor="system:test")
        with pytest.raises(InputError, match="does not give 'region-central' to NZ; write one of region-sydney"):
            service.set_placement(country="NZ", regions=["region-central"], at=NOW, actor="system:test")
        with pytest.raises(InputError, match="is no country"):
            service.set_placement(country="nz", at=NOW, actor="system:test")
        assert not service.set_placement(country="NZ", at=NOW, actor="system:test")
        assert service.set_placement(country="NZ", regions=["region-sydney"], at=NOW, actor="system:test")


def test_the_same_register_twice_is_one_version_and_a_wrong_one_is_none(transactional_db: None, database: Database) -> None:
    put(ONE_SITE, database)
    database.aim("worker")
    first = service.import_places(ONE_SITE.toml(), at=NOW, actor="system:test")
    with pytest.raises(service.PlacesError, match=r"places.toml:\d+: 'XX' is no country"):
        service.import_places(ONE_SITE.toml().replace('"US"', '"XX"'), at=NOW, actor="system:test")
    assert not first.new
    with tenant_transaction(None):
        found = queries.in_force()
        assert found is not None
        assert found.number == first.number
    database.aim("web")
    with pytest.raises(DatabaseError):
        service.import_places(TWO.toml(), at=NOW, actor="system:test")
