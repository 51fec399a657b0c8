"""Encrypted everywhere, or not kept: a clear place breaks, an unseen one is no answer."""

from pathlib import Path

import pytest

from garant.data.engines.volumes import Volumes, plant
from garant.data.policy import volume
from garant.data.promises.sealing import VOLUME
from garant.kernel.deployment import Deployment
from garant.kernel.promise import Keeper, Promise
from garant.kernel.verdicts import State, Verdict
from support.evidence import NOON
from support.once import Runs

DEVICES = {"8:0": ("sda", {}), "253:0": ("dm-0", {"dm/uuid": "CRYPT-LUKS2-a-b", "slaves": "sda"})}


def verdict(tmp_path: Path, *, files: str = "253:0 ext4 /dev/dm-0", remote: bool = False, provider: str = "", tmp: str = "") -> Verdict:
    plant(
        tmp_path,
        mounts={"/": "253:0 ext4 /dev/dm-0", "/srv/files": files, "/tmp": tmp or "0:5 tmpfs tmpfs"},
        devices=DEVICES,
    )
    place = Deployment(base="garant.localhost", https=8443, http=8080, data=Path("/srv/garant"))
    engine = Volumes(place, attachments=[Path("/srv/files/a")], remote=remote, provider=provider, root=tmp_path)
    return Runs(NOON).kept(Promise("data.volume"), Keeper(VOLUME, engine, volume.judge)).verdict


def test_every_place_encrypted_is_kept(tmp_path: Path) -> None:
    assert verdict(tmp_path).state is State.KEPT


def test_one_clear_place_breaks_and_is_named(tmp_path: Path) -> None:
    found = verdict(tmp_path, files="8:0 ext4 /dev/sda")
    assert (found.state, found.number.en) == (State.BROKEN, "1")
    assert found.reason.en == "In clear on the disk: the application’s files."


@pytest.mark.parametrize(
    "how", [{"remote": True}, {"files": "0:9 nfs4 files:/x"}, {"files": "8:0 ext4 /dev/sda", "provider": "Nuage du Nord"}]
)
def test_what_is_out_of_sight_is_never_kept(tmp_path: Path, how: dict[str, object]) -> None:
    found = verdict(tmp_path, **how)  # type: ignore[arg-type]
    assert found.state is State.UNPROVEN
    assert "cannot be seen from this machine" in found.reason.en


def test_a_clear_place_breaks_whatever_else_is_out_of_sight(tmp_path: Path) -> None:
    assert verdict(tmp_path, files="8:0 ext4 /dev/sda", remote=True).state is State.BROKEN


def test_nothing_but_memory_proves_nothing(tmp_path: Path) -> None:
    plant(tmp_path, mounts={"/": "0:5 tmpfs tmpfs"}, devices={})
    place = Deployment(base="garant.localhost", https=8443, http=8080, data=Path("/srv/garant"))
    found = Runs(NOON).kept(Promise("data.volume"), Keeper(VOLUME, Volumes(place, root=tmp_path), volume.judge))
    assert found.verdict.state is State.UNPROVEN
