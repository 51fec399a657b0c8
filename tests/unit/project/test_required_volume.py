"""A deployment that requires an encrypted volume does not start on a clear one. The machine is a planted tree of the kernel's files."""

from dataclasses import replace
from pathlib import Path

import pytest

from garant.data.engines.volumes import plant
from garant.kernel.errors import ConfigurationError
from garant.project.configuration import Configuration, load
from garant.project.supervisor.volumes import require_encrypted
from garant.project.supervisor.watch import Supervisor

WANTED = Configuration(require_encrypted_volume=True)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    root = tmp_path / "machine"
    root.mkdir()
    plant(
        root,
        mounts={"/": "8:1 ext4 /dev/sda1", "/srv": "253:0 ext4 /dev/mapper/crypt", "/net": "0:9 nfs4 files:/net"},
        devices={"8:1": ("sda", {}), "253:0": ("dm-0", {"dm/uuid": "CRYPT-LUKS2-a-b", "slaves": "sda"})},
    )
    return root


def test_an_encrypted_volume_is_let_through(machine: Path) -> None:
    require_encrypted(Path("/srv/garant"), WANTED, root=machine)


def test_a_clear_volume_is_refused_with_what_to_do(machine: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"/var/garant/pg \(clear: ext4 on sda\).*LUKS volume"):
        require_encrypted(Path("/var/garant"), WANTED, root=machine)


def test_a_providers_word_covers_a_disk_and_never_what_is_not_seen(machine: Path) -> None:
    trusted = replace(WANTED, encrypted_by_provider="Nuage du Nord")
    require_encrypted(Path("/var/garant"), trusted, root=machine)
    with pytest.raises(ConfigurationError, match=r"/net/garant/keys \(unseen: nfs4\)"):
        require_encrypted(Path("/net/garant"), trusted, root=machine)


def test_clear_swap_is_refused_too(machine: Path) -> None:
    (machine / "proc/swaps").write_text("Filename Type Size Used Priority\n/dev/sda partition 9 0 -2\n")
    with pytest.raises(ConfigurationError, match=r"swap on sda \(clear"):
        require_encrypted(Path("/srv/garant"), WANTED, root=machine)


def test_nothing_is_asked_without_the_requirement(tmp_path: Path) -> None:
    require_encrypted(tmp_path, Configuration())


def test_up_makes_nothing_on_a_volume_that_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: Path) -> None:
    """The real supervisor, with the planted machine in place of this one."""
    target = "garant.project.supervisor.watch.require_encrypted"
    monkeypatch.setattr(target, lambda data, configuration: require_encrypted(Path("/var/garant"), configuration, root=machine))
    with pytest.raises(ConfigurationError, match="not on an encrypted volume"):
        Supervisor(tmp_path / "data", WANTED, say=lambda _: None).start()
    assert not (tmp_path / "data").exists()


def test_it_is_written_in_garant_toml_and_a_mistake_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "garant.toml"
    path.write_text('[vault]\nrequire_encrypted_volume = true\nencrypted_by_provider = "Nuage du Nord"\n')
    made = load(path)
    assert (made.require_encrypted_volume, made.encrypted_by_provider) == (True, "Nuage du Nord")
    path.write_text('[vault]\n\nrequire_encrypted_volume = "yes"\n')
    with pytest.raises(ConfigurationError, match=r"garant.toml:3: vault.require_encrypted_volume must be of type bool"):
        load(path)
