"""From a directory down to the disk. The kernel's files are a planted tree wherever a mapped volume is needed: device-mapper is not
available in every machine that runs the tests; a loop device, where root can have one, is real."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from garant.data.engines.volumes import plant, planted_is_found
from garant.drivers.volumes import CLEAR, ENCRYPTED, MEMORY, UNSEEN, Mount, look, mount_of, swaps

LUKS = {"dm/uuid": "CRYPT-LUKS2-0123-cryptroot", "slaves": "vda2"}
DISK = {"254:0": ("vda", {}), "254:2": ("vda/vda2", {"partition": "2"}), "253:0": ("dm-0", LUKS)}


def state(tmp_path: Path, mount: str, **devices: tuple[str, dict[str, str]]) -> tuple[str, tuple[str, ...]]:
    plant(
        tmp_path,
        mounts={"/": "254:2 ext4 /dev/vda2", "/srv": mount},
        devices={**DISK, **{k.replace("_", ":"): v for k, v in devices.items()}},
    )
    found = look(Path("/srv/garant/pg"), root=tmp_path)
    return found.state, found.chain


def test_a_volume_under_luks_is_encrypted_and_tells_its_layers(tmp_path: Path) -> None:
    assert state(tmp_path, "253:0 ext4 /dev/mapper/cryptroot") == (ENCRYPTED, ("ext4", "dm-0 LUKS2", "vda2", "vda"))


def test_a_logical_volume_on_luks_is_encrypted(tmp_path: Path) -> None:
    found, chain = state(tmp_path, "253:1 xfs /dev/vg/lv", **{"253_1": ("dm-1", {"dm/uuid": "LVM-abc", "slaves": "dm-0"})})
    assert (found, chain) == (ENCRYPTED, ("xfs", "dm-1", "dm-0 LUKS2", "vda2", "vda"))


def test_a_partition_is_clear_down_to_its_disk(tmp_path: Path) -> None:
    assert state(tmp_path, "254:2 ext4 /dev/vda2") == (CLEAR, ("ext4", "vda2", "vda"))


def test_one_clear_half_makes_the_whole_clear(tmp_path: Path) -> None:
    assert state(tmp_path, "9:0 ext4 /dev/md0", **{"9_0": ("md0", {"slaves": "dm-0 vda2"})})[0] == CLEAR


@pytest.mark.parametrize("kind", ["CRYPT-VERITY-1-x", "CRYPT-INTEGRITY-1-x"])
def test_what_checks_without_encrypting_is_clear(tmp_path: Path, kind: str) -> None:
    assert state(tmp_path, "253:5 ext4 /dev/mapper/x", **{"253_5": ("dm-5", {"dm/uuid": kind, "slaves": "vda2"})})[0] == CLEAR


@pytest.mark.parametrize("mount", ["0:50 nfs4 files:/srv", "0:51 overlay overlay", "0:52 zfs pool/srv", "253:9 ext4 /dev/mapper/gone"])
def test_what_the_kernel_does_not_show_is_unseen_never_encrypted(tmp_path: Path, mount: str) -> None:
    assert state(tmp_path, mount)[0] == UNSEEN


def test_a_file_system_in_memory_is_called_so(tmp_path: Path) -> None:
    assert state(tmp_path, "0:40 tmpfs tmpfs")[0] == MEMORY


def test_btrfs_hides_its_device_number_and_is_found_by_its_source(tmp_path: Path) -> None:
    assert state(tmp_path, "0:33 btrfs /dev/dm-0")[0] == ENCRYPTED


def test_swap_is_a_place_too(tmp_path: Path) -> None:
    plant(tmp_path, mounts={"/": "253:0 ext4 /dev/dm-0"}, devices=DISK)
    (tmp_path / "proc/swaps").write_text(
        "Filename Type Size Used Priority\n/dev/vda2 partition 9 0 -2\n/dev/zram0 partition 9 0 5\n/swapfile file 9 0 -3\n"
    )
    found = swaps(root=tmp_path)
    assert {name: volume.state for name, volume in found.items()} == {"vda2": CLEAR, "zram0": MEMORY, "swapfile": ENCRYPTED}


def test_of_two_mounts_at_one_point_the_later_counts() -> None:
    first, second = Mount("/srv", "8:1", "ext4", "/dev/sda1"), Mount("/srv", "253:0", "ext4", "/dev/dm-0")
    assert mount_of("/srv/x", [first, second]) is second
    assert mount_of("/srvx", [first, second]) is None


def test_the_planted_machine_of_each_run_is_found_out() -> None:
    assert planted_is_found()


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Path]:
    """A file system in a file, mounted for real; skipped where the machine gives no loop device."""
    if os.geteuid() != 0 or not all(shutil.which(tool) for tool in ("losetup", "mkfs.ext4", "mount")):
        pytest.skip("needs root and the tools of loop devices")
    image, point = tmp_path / "image", tmp_path / "mounted"
    point.mkdir()
    with image.open("wb") as file:
        file.truncate(8 * 1024 * 1024)
    made = subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], capture_output=True, check=False)
    mounted = subprocess.run(["mount", "-o", "loop", str(image), str(point)], capture_output=True, check=False)
    if made.returncode or mounted.returncode:
        pytest.skip(f"no loop device here: {mounted.stderr.decode()}")
    try:
        yield point
    finally:
        subprocess.run(["umount", str(point)], check=True)


def test_a_loop_device_is_as_good_as_what_holds_its_file(loop: Path, tmp_path: Path) -> None:
    below = look(tmp_path)
    found = look(loop)
    assert found.state == below.state
    assert found.chain[0] == "ext4"
    assert found.chain[1].startswith("loop")
    assert found.chain[2:] == below.chain
