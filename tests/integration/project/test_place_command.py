"""`garant place` on a running deployment: what is in force, where data may go, and who is where."""

import json
from pathlib import Path

import pytest

from garant.drivers import machine
from support.command import garant
from support.registers import two_sites
from support.world import World

pytestmark = pytest.mark.timeout(300)


def test_the_register_in_force_is_checked_listed_and_tried(world: World, tmp_path: Path) -> None:
    checked = garant("place", "check", data=world.data)
    assert (checked.returncode, "It is in force" in checked.stdout) == (0, True), checked.stderr
    listed = json.loads(garant("place", "list", "--json", data=world.data).stdout)
    assert {each["store"]: each["country"] for each in listed} == {"database": "CA", "files": "CA", "logs": "CA", "backup": "CA"}
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(two_sites().toml().replace('kind = "backup"', 'kind = "back"'), encoding="utf-8")
    refused = garant("place", "check", str(wrong), data=world.data)
    assert refused.returncode == 2
    assert "'back' is no kind of store; write 'backup'" in refused.stderr
    other = tmp_path / "other.toml"
    other.write_text(two_sites().place("calgary", city="Edmonton").toml(), encoding="utf-8")
    assert garant("place", "check", str(other), data=world.data).returncode == 1


def test_a_target_is_tried_and_a_customer_moved_by_the_map_only(world: World) -> None:
    allowed = garant("place", "try", "saint-elan", "backup", data=world.data)
    assert (allowed.returncode, allowed.stdout) == (0, "allowed: backup is in region-calgary (CA).\n")
    refused = garant("place", "try", "saint-elan", "dropbox", data=world.data)
    assert (refused.returncode, refused.stdout) == (1, "refused: This store is not in the register of places.\n")
    moved = garant("place", "tenant", "saint-elan", "--country", "NZ", data=world.data)
    assert moved.returncode == 2
    assert "the register gives no region to NZ; add NZ = [...] under [countries]" in moved.stderr
    shown = garant("place", "tenant", "saint-elan", data=world.data)
    assert "Its data may be in: region-quebec, region-calgary." in shown.stdout
    assert garant("place", "tenant", "nobody", data=world.data).returncode == 2
    assert machine.identities()[0] in garant("place", "example", data=world.data).stdout
    assert garant("place", "machine", data=world.data).stdout.split() == list(machine.identities())


def test_an_organisation_of_a_country_without_regions_is_not_added(world: World) -> None:
    refused = garant("tenant", "add", "whangarei", "--name", "Whangārei", "--admin", "mere", "--country", "NZ", data=world.data)
    assert refused.returncode == 2
    assert "the register gives no region to NZ" in refused.stderr
    with world.sql("superuser") as server:
        assert server.execute("select count(*) from identity_tenant where slug = 'whangarei'").fetchone() == (0,)
