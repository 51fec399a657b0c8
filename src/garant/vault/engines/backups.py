"""Backups of the key store: one file each, encrypted under the present epoch of the root, kept fourteen days at most.

    garant-keys-<epoch>-<moment>.backup = header (one line of JSON) | nonce (12) | AES-256-GCM of the store, the header authenticated

The header holds the epoch key as its protector wrapped it: while the protector has the epoch, the backup opens; once a destruction began
a new epoch and ended this one, it never opens again. What the protector itself holds (a file root's secret) is not in a backup.
"""

import contextlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from garant.kernel.canonical import canonical, moment
from garant.kernel.errors import ConfigurationError, InputError, Refused
from garant.vault import policy
from garant.vault.engines import files
from garant.vault.engines.keystore import KeyStore, epoch_label

KEPT = timedelta(days=14)
FORMAT = "garant-key-backup/1"
NAME = re.compile(r"garant-keys-(\d+)-(\d{8}T\d{6}\d{6}Z)\.backup")


@dataclass(frozen=True)
class Header:
    """What a backup says of itself. `log`, `outbox`: how far the key log and the audit outbox had come."""

    region: str
    epoch: int
    protector: str
    wrapped: bytes
    kcv: bytes
    made_at: datetime
    log: int
    outbox: int
    raw: bytes


def save(store: KeyStore, directory: Path, *, at: datetime, outbox: int) -> Path:
    """Write a backup of the store as it is now, and delete those that may not be kept any more.

    Raises ConfigurationError when the directory cannot be written.
    """
    try:
        return _save(store, directory, at=at, outbox=outbox)
    except OSError as error:
        raise ConfigurationError(
            f"no backup of the key store can be written to {directory} ({error.strerror}); "
            f"make it for the user of the worker: install -d -m 700 -o {files.GROUP} {directory}"
        ) from error


def _save(store: KeyStore, directory: Path, *, at: datetime, outbox: int) -> Path:
    files.make_directory(directory, store.group)
    log = store.log_seen() or 0
    with store.reading() as inside:
        root = store.root_of(inside)
        protector, wrapped, kcv = inside.execute("select protector, wrapped, kcv from epoch where epoch = ?", [root.epoch]).fetchone()
        image = inside.serialize()
    header = canonical(
        {
            "format": FORMAT,
            "region": root.region,
            "epoch": root.epoch,
            "protector": protector,
            "wrapped": wrapped.hex(),
            "kcv": kcv.hex(),
            "made_at": moment(at),
            "log": log,
            "outbox": outbox,
        }
    )
    nonce = os.urandom(policy.NONCE_BYTES)
    stamp = moment(at).replace("-", "").replace(":", "").replace(".", "")
    path = directory / f"garant-keys-{root.epoch}-{stamp}.backup"
    files.write(path, header + b"\n" + nonce + AESGCM(_key(root.key)).encrypt(nonce, image, header), store.group)
    prune(directory, at=at, epoch=root.epoch)
    return path


def prune(directory: Path, *, at: datetime, epoch: int) -> Sequence[Path]:
    """Delete backups older than fourteen days and those of former epochs, which open nothing; which."""
    gone = []
    for path in sorted(directory.glob("garant-keys-*.backup")):
        found = NAME.fullmatch(path.name)
        if found and (int(found[1]) < epoch or datetime.strptime(f"{found[2][:-1]}+0000", "%Y%m%dT%H%M%S%f%z") + KEPT <= at):
            path.unlink()
            gone.append(path)
    return gone


def newest(directory: Path, *, epoch: int) -> datetime | None:
    """When the newest backup of this epoch was made, by its name; None without one."""
    found = [NAME.fullmatch(path.name) for path in directory.glob("garant-keys-*.backup")]
    stamps = [each[2] for each in found if each and int(each[1]) == epoch]
    return datetime.strptime(f"{max(stamps)[:-1]}+0000", "%Y%m%dT%H%M%S%f%z") if stamps else None


def read_header(path: Path) -> Header:
    """What the backup says of itself. Raises InputError when it is none."""
    try:
        with path.open("rb") as file:
            raw = file.readline().rstrip(b"\n")
        found: Mapping[str, object] = json.loads(raw)
        if found["format"] != FORMAT:
            raise ValueError
        return Header(
            region=str(found["region"]),
            epoch=int(str(found["epoch"])),
            protector=str(found["protector"]),
            wrapped=bytes.fromhex(str(found["wrapped"])),
            kcv=bytes.fromhex(str(found["kcv"])),
            made_at=datetime.fromisoformat(str(found["made_at"])),
            log=int(str(found["log"])),
            outbox=int(str(found["outbox"])),
            raw=raw,
        )
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a backup of a key store") from error


def unpack(path: Path, store: KeyStore, *, at: datetime) -> KeyStore:
    """The content of a backup as a store beside `store`, not in use yet.

    Raises InputError (no backup, damaged), Refused (too old), ConfigurationError (the root is not the one, or its epoch is gone).
    """
    header = read_header(path)
    if header.made_at + KEPT <= at:
        raise Refused(f"{path} is of {header.made_at:%Y-%m-%d}: backups of the key store are refused after {KEPT.days} days")
    if header.protector != store.protector.name:
        raise ConfigurationError(f"{path} was made under the root {header.protector!r}, and garant.toml names {store.protector.name!r}")
    try:
        key = store.protector.unwrap(header.epoch, header.wrapped, epoch_label(header.region, header.epoch))
        policy.require_key(key, header.kcv, "the root key")
    except policy.SealError as error:
        raise ConfigurationError(f"{path} was made under another root key than the present one; put the right one back") from error
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{path} was made under epoch {header.epoch} of the root, which is not here: put it back from its escrow; if a "
            f"destruction ended it, this backup never opens again ({error})"
        ) from error
    sealed = path.read_bytes()[len(header.raw) + 1 :]
    try:
        image = AESGCM(_key(key)).decrypt(sealed[: policy.NONCE_BYTES], sealed[policy.NONCE_BYTES :], header.raw)
    except (InvalidTag, ValueError) as error:
        raise InputError(f"{path} is damaged: take another backup") from error
    beside = store.directory / "restoring"
    files.make_directory(store.directory, store.group)
    files.make_directory(beside, store.group)
    made = KeyStore(beside, protector=store.protector, group=store.group)
    files.write(made.path, image, store.group)
    files.share(made.path, store.group)
    return made


def put_in_place(made: KeyStore, store: KeyStore) -> None:
    """The unpacked store becomes the store."""
    os.replace(made.path, store.path)
    with contextlib.suppress(OSError):
        made.directory.rmdir()
    files.flush_directory(store.directory)


def _key(epoch_key: bytes) -> bytes:
    return HKDF(SHA256(), policy.KEY_BYTES, salt=None, info=b"garant/key-backup").derive(epoch_key)
