"""`garant map` as a person types it, on a real database with two organisations: propose, check, show, apply, register, back-fill."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import conninfo

from support import backfilling
from support.command import garant
from support.database import Database
from support.mapped import Mapped


@pytest.fixture
def house(database: Database) -> Iterator[Mapped]:
    with Mapped(database) as made:
        yield made


def run(house: Mapped, *words: str, role: str = "garant_data") -> Any:
    """The command with the application's database named; the password comes from the environment."""
    given = {name: value for name, value in house.words(role).items() if name != "password"}
    named = ["--database", conninfo.make_conninfo(**{name: str(value) for name, value in given.items()})]
    return garant("map", *words, *named, data=house.database.data, PGPASSWORD=str(house.words(role)["password"]))


def test_from_nothing_to_a_map_in_force(house: Mapped, tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    proposed = run(house, "init", role="sondage")
    assert proposed.returncode == 0, proposed.stderr
    assert "erable.example" not in proposed.stdout
    assert "garant: {tenant: question_id.tenant}" in proposed.stdout
    path.write_text(house.text.replace("fides_key: little", "fides_key: little\n  name: ours"), encoding="utf-8")

    before = run(house, "check", "--map", str(path))
    assert before.returncode == 1
    assert f"{path}: not in force: row security is off on person; `garant map apply` ends it" in before.stdout
    dry = run(house, "apply", "--map", str(path), "--dry-run")
    assert "would change: row security is off on person" in dry.stdout
    assert run(house, "check", "--map", str(path)).returncode == 1, "a dry run changes nothing"
    assert "alter table" in run(house, "show", "--as", "sql", "--map", str(path)).stdout

    applied = run(house, "apply", "--map", str(path), role="sondage_owner")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert "changed: row security is off on person" in applied.stdout
    again = run(house, "apply", "--map", str(path), role="sondage_owner")
    assert (again.returncode, again.stdout) == (0, "")
    assert run(house, "check", "--map", str(path)).returncode == 0

    house.owner("alter table person add courriel text")
    after = run(house, "check", "--map", str(path), "--json")
    (found,) = json.loads(after.stdout)["findings"]
    assert (after.returncode, found["subject"], found["kind"]) == (1, "person.courriel", "unmapped_column")
    plain = run(house, "check", "--map", str(path)).stdout
    assert f"{path}:16: person.courriel is not in the map; add below line 16" in plain
    assert "- {name: courriel, data_categories: [user.contact.email]}" in plain


def test_orders_and_the_register_are_printed(house: Mapped, tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(house.text, encoding="utf-8")
    lines = run(house, "show", "--as", "order", "--map", str(path)).stdout.splitlines()
    assert [line.split()[1] for line in lines].index("survey") < [line.split()[1] for line in lines].index("question")
    erasure = run(house, "show", "--as", "erasure", "--map", str(path)).stdout.splitlines()
    assert erasure[0].split()[1] == "answer"
    held = garant("map", "register", "--language", "en", "--as", "csv", "--map", str(path), data=house.database.data)
    assert held.returncode == 1, "a register without a line has holes"
    assert "no activity covers person, which holds personal data" in held.stderr
    assert held.stdout.startswith("\ufeffProcessing activity,")


def test_a_column_is_sealed_under_the_keys_of_the_organisations(database: Database, tmp_path: Path) -> None:
    with Mapped(database, schema=backfilling.SCHEMA, text=backfilling.MAP, rows=False) as house:
        path = tmp_path / "map.yaml"
        path.write_text(house.text, encoding="utf-8")
        house.owner("insert into person values (gen_random_uuid(), 'nobody', 'a@nobody.example')")
        refused = run(house, "backfill", "person.email", "--map", str(path), role="sondage_owner")
        assert refused.returncode == 2
        assert "in this map there are: person.email_sealed" in refused.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "--map", "/nowhere/map.yaml"], "there is no such file; `garant map init > map.yaml` proposes a map"),
        (["check", "--database", "host=x password=y"], "has a password in it, which every process of this machine can read"),
        (["check", "--database", "=="], "is not a connection; write host=... dbname=... user=..."),
        (["check", "--database", "host=127.0.0.1 port=1"], "database does not answer"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(database: Database, words: list[str], said: str) -> None:
    found = garant("map", *words, data=database.data)
    assert found.returncode == 2
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_every_mistake_of_a_map_is_told_at_once(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(
        "dataset:\n- fides_kee: x\n  collections:\n  - {name: a, fields: [{name: b, data_categories: [user.nope]}]}\n", encoding="utf-8"
    )
    found = garant("map", "check", "--map", str(path), data=database.data)
    assert found.returncode == 2
    assert f"{path}:2: unknown key 'fides_kee'" in found.stderr
    assert f"{path}:4: 'user.nope' is not one of" in found.stderr
