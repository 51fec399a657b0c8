"""The operator's page on the data map, for staff on the operator's host: the database as it is now, and what is said when it is away."""

from pathlib import Path
from typing import Any

import pytest

from garant.data.service import read_map, record_map
from garant.identity.models import Tenant
from support.database import Database
from support.evidence import NOON
from support.mapped import Mapped
from support.visitors import Browser, person, tenant


@pytest.fixture
def operator() -> Tenant:
    return tenant("operator", "Logiciels Amélanche", operator=True)


def text(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.mark.django_db
def test_coverage_is_that_of_the_database_now(operator: Tenant, database: Database, tmp_path: Path, settings: Any) -> None:
    with Mapped(database) as house:
        house.apply()
        path = tmp_path / "map.yaml"
        path.write_text(house.text, encoding="utf-8")
        settings.DATA_MAP, settings.APPLICATION_DATABASE = path, house.words("garant_data")
        browser = Browser(operator).come_in(person(operator, "maude", "staff", name="Maude"))
        answer = browser.get("/en/console/data/")
        assert answer.status_code == 200
        assert "20 of 20 columns" in text(answer)
        assert "Nothing differs" in text(answer)
        house.owner("alter table person add courriel text", "alter table survey disable row level security")
        answer = browser.get("/en/console/data/")
        assert "person.courriel is not in the map" in text(answer)
        assert "Row security is off on survey" in text(answer)


@pytest.mark.django_db
def test_a_database_that_is_away_is_said_in_a_sentence(operator: Tenant, settings: Any) -> None:
    settings.APPLICATION_DATABASE = {"host": "127.0.0.1", "port": 1, "connect_timeout": 1}
    answer = Browser(operator).come_in(person(operator, "maude", "staff")).get("/en/console/data/")
    assert answer.status_code == 200
    assert "database does not answer" in text(answer)


@pytest.mark.django_db
def test_it_is_for_staff_and_on_the_operators_host_only(operator: Tenant) -> None:
    assert Browser(operator).come_in(person(operator, "noe", "member")).get("/en/console/data/").status_code == 403
    town = tenant("saint-elan", "Ville de Saint-Élan")
    assert Browser(town).come_in(person(town, "rosalie", "admin")).get("/en/console/data/").status_code in (302, 403, 404)


def test_versions_are_kept_once_each(as_worker: str, tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text("dataset:\n- {fides_key: x, collections: []}\n", encoding="utf-8")
    made, words = read_map(path), path.read_text(encoding="utf-8")
    assert record_map(made=made, source=words, at=NOON, actor="system:test").number == 1
    again = record_map(made=made, source=words, at=NOON, actor="system:test")
    assert (again.number, again.new) == (1, False)
    other = record_map(made=made, source=words + "# changed\n", at=NOON, actor="system:test", applied=3)
    assert (other.number, other.new) == (2, True)
