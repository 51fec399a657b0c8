"""What lies under a directory: its mount, and the devices below it down to the disk, as the kernel tells (/proc, /sys).

    look(Path("/srv/garant/pg"))  ->  Volume(state="encrypted", chain=("ext4", "dm-0 LUKS2", "vda2", "vda"))

| state     | what the kernel showed                                                                         |
|-----------|------------------------------------------------------------------------------------------------|
| encrypted | every path down to a disk goes through dm-crypt (LUKS, plain, BitLocker, FileVault, TrueCrypt) |
| clear     | a disk is reached without it                                                                   |
| memory    | a file system in memory: nothing stays when the machine stops (but see swap)                   |
| unseen    | another machine, a layer without a device, or an encryption of its own holds the bytes         |

dm-verity and dm-integrity begin with CRYPT too and encrypt nothing. A loop device is as good as the file system that holds its file.
`root` is where /proc and /sys are read: another one in tests, and for the planted fault of each measure.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ENCRYPTED, CLEAR, MEMORY, UNSEEN = "encrypted", "clear", "memory", "unseen"
ENCRYPTS = re.compile(r"CRYPT-(LUKS1|LUKS2|PLAIN|BITLK|FVAULT2|TCRYPT)-")
IN_MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs"})
DEEPEST = 16
"""Layers; more is a circle."""


@dataclass(frozen=True)
class Mount:
    """One line of mountinfo. `device`: `major:minor`; major 0 is no block device. `source`: as it was mounted."""

    point: str
    device: str
    kind: str
    source: str


@dataclass(frozen=True)
class Volume:
    """What holds a directory. `chain`: file system first, then each device down to the disk, in the kernel's names."""

    state: str
    chain: tuple[str, ...]


def look(path: Path, *, root: Path = Path("/")) -> Volume:
    """The volume of `path`, which need not exist yet: its nearest parent counts. Raises OSError when /proc cannot be read."""
    found = mount_of(os.path.realpath(path), mounts(root))
    if found is None:
        return Volume(UNSEEN, ())
    if found.kind in IN_MEMORY:
        return Volume(MEMORY, (found.kind,))
    device = found.device if not found.device.startswith("0:") else _device_of_source(found.source, root)
    if device is None:
        return Volume(UNSEEN, (found.kind,))
    below = _below(device, root, 0)
    return Volume(below.state, (found.kind, *below.chain))


def swaps(*, root: Path = Path("/")) -> dict[str, Volume]:
    """Each place to which memory is written out; memory compressed in place (zram) stays memory."""
    lines = (root / "proc/swaps").read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    found = {}
    for line in lines:
        name, kind = line.split()[:2]
        place = Path(_plain(name))
        device = _device_of_source(os.fspath(place), root) if kind == "partition" else None
        if place.name.startswith("zram"):
            found[place.name] = Volume(MEMORY, (place.name,))
        elif device is not None:
            found[place.name] = _below(device, root, 0)
        else:
            found[place.name] = look(place, root=root) if kind == "file" else Volume(UNSEEN, (place.name,))
    return found


def mounts(root: Path = Path("/")) -> list[Mount]:
    """What is mounted, in order: of two mounts at one point the later hides the earlier."""
    found = []
    for line in (root / "proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        first, second = before.split(), after.split()
        if len(first) >= 5 and len(second) >= 2:
            found.append(Mount(_plain(first[4]), first[2], second[0], _plain(second[1])))
    return found


def mount_of(path: str, known: Sequence[Mount]) -> Mount | None:
    """The mount that holds an absolute path."""
    holding = [each for each in known if path == each.point or path.startswith(each.point.rstrip("/") + "/")]
    return max(reversed(holding), key=lambda each: len(each.point), default=None)


def _below(device: str, root: Path, depth: int) -> Volume:
    """From one block device (`major:minor`) down."""
    node = root / "sys/dev/block" / device
    if depth > DEEPEST or not node.exists():
        return Volume(UNSEEN, (device,))
    place = node.resolve()
    name, uuid = place.name, _read(place / "dm/uuid")
    if crypt := ENCRYPTS.match(uuid):
        return Volume(ENCRYPTED, (f"{name} {crypt[1]}", *_names(place)))
    if backing := _read(place / "loop/backing_file"):
        held = look(Path(backing), root=root)
        return Volume(held.state, (name, *held.chain))
    parts = [_below(_read(each / "dev"), root, depth + 1) for each in _slaves(place)]
    if not parts and (place / "partition").exists():
        parts = [_below(_read(place.parent / "dev"), root, depth + 1)]
    if not parts:
        return Volume(CLEAR if not uuid else UNSEEN, (name,))
    worst = next((state for state in (CLEAR, UNSEEN, MEMORY) if any(part.state == state for part in parts)), ENCRYPTED)
    return Volume(worst, (name, *(word for part in parts for word in part.chain)))


def _names(place: Path) -> Iterator[str]:
    """What lies below a device, down to the disk."""
    below = _slaves(place) or ([place.parent] if (place / "partition").exists() else [])
    for each in below:
        yield each.name
        yield from _names(each)


def _slaves(place: Path) -> list[Path]:
    try:
        return sorted((each.resolve() for each in (place / "slaves").iterdir()), key=lambda each: each.name)
    except FileNotFoundError:
        return []


def _device_of_source(source: str, root: Path) -> str | None:
    """`major:minor` of a mounted source such as /dev/vda1 (btrfs hides its device number), or None when it is no block device."""
    if not source.startswith("/dev/"):
        return None
    name = os.path.basename(os.path.realpath(root / source.lstrip("/")))
    return _read(root / "sys/class/block" / name / "dev") or None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _plain(word: str) -> str:
    r"""mountinfo writes spaces and the like as `\040`."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), word)
