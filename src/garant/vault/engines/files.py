"""Private files of the key store: whole or not at all, on the disk before anybody relies on them."""

import grp
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from garant.kernel.errors import ConfigurationError

GROUP = "garant"


def shared_with(group: str) -> int | None:
    """The group that shares the store when root makes it, and the processes do not stay root."""
    if os.geteuid() != 0:
        return None
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return None


def make_directory(path: Path, group: str = GROUP) -> None:
    """A directory that exists keeps its owner and mode: provisioning decided them."""
    if path.exists():
        return
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _give(path, group, mode=0o2770, alone=0o700)


def share(path: Path, group: str = GROUP) -> None:
    """Give a file that root made to the processes: they read and write it. Otherwise its owner alone does."""
    _give(path, group, mode=0o660, alone=0o600)


def _give(path: Path, group: str, *, mode: int, alone: int) -> None:
    """What root makes in a directory of the service user belongs to that user; elsewhere, the group shares it.

    Through a descriptor, and never through a link: that user may put one in place of the name. Raises OSError for a link.
    """
    beside, shared = path.parent.stat(), shared_with(group)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        if shared is not None and beside.st_uid != 0:
            os.fchown(descriptor, beside.st_uid, beside.st_gid)
            os.fchmod(descriptor, alone)
        elif shared is not None:
            os.fchown(descriptor, -1, shared)
            os.fchmod(descriptor, mode)
        else:
            os.fchmod(descriptor, alone)
    finally:
        os.close(descriptor)


def write_json(path: Path, content: Mapping[str, Any], group: str = GROUP) -> None:
    """Replace a private file by this content."""
    write(path, json.dumps(content).encode("ascii"), group)


def write(path: Path, content: bytes, group: str = GROUP) -> None:
    """Replace a private file, whole or not at all, down to the disk."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    share(temporary, group)
    os.replace(temporary, path)
    flush_directory(path.parent)


def flush_directory(path: Path) -> None:
    """Names that were made or taken away in this directory survive a power failure from here on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def overwrite_and_delete(path: Path) -> None:
    """Write zeros over a small file, down to the disk, then take its name away. Nothing happens when it is gone.

    A disk that keeps former blocks (copy on write, wear levelling) may still hold the content: a file is a procedure, not hardware.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(bytes(os.fstat(descriptor).st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink(missing_ok=True)
    flush_directory(path.parent)


def read_json(path: Path, remedy: str) -> Mapping[str, Any]:
    """The content of a private file. Raises ConfigurationError, with what to do, when it is absent, unreadable or damaged."""
    try:
        found = json.loads(path.read_text(encoding="ascii"))
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path} does not exist; {remedy}") from error
    except PermissionError as error:
        raise ConfigurationError(f"{path} cannot be read by this user; only web, decision and worker open sealed values") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} is damaged; put it back from a copy") from error
    if not isinstance(found, dict):
        raise ConfigurationError(f"{path} is damaged; put it back from a copy")
    return found
