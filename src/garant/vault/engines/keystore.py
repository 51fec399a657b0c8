"""The key store: files beside the database, never in it, so that a database backup opens nothing.

<data>/keys/root.key           {"region", "epoch", "key", "kcv"}: the root, made once at provisioning
<data>/keys/keks/<tenant>.json {"version", "root_kcv", "kcv", "wrapped"}: one tenant's key-encryption key, wrapped by the root

Who may read: the processes that seal and open (web, decision, worker). Started by root, they run as the system user `garant`: the
files then belong to root, readable by that group. Started by an ordinary user, only that user reads them.

A file root is a procedure, not a vault of hardware: whoever copied it can open an old copy of the store.
"""

import base64
import grp
import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from garant.kernel.errors import ConfigurationError
from garant.vault import policy

GROUP = "garant"


@dataclass(frozen=True)
class Root:
    """The root key of a region. `epoch`: its number, from 1."""

    region: str
    epoch: int
    key: bytes


class KeyStore:
    """Reads and makes the files of one key store. Nothing is cached here."""

    def __init__(self, directory: Path, *, group: str = GROUP) -> None:
        self.directory = directory
        self._group = group

    def make_root(self, region: str = "local") -> bool:
        """Make the root key; False when there is one. Raises ConfigurationError if tenants' keys exist without their root."""
        if (self.directory / "root.key").exists():
            self.root()
            return False
        keks = self.directory / "keks"
        if keks.is_dir() and any(keks.iterdir()):
            raise ConfigurationError(
                f"{self.directory}/root.key is missing but tenants' keys exist: put the root key back from its escrow; "
                "a new one would make every sealed value unreadable"
            )
        self._directory(self.directory, 0o750)
        self._directory(keks, 0o2770)
        key = os.urandom(policy.KEY_BYTES)
        self._write(
            self.directory / "root.key",
            {"region": region, "epoch": 1, "key": _text(key), "kcv": policy.check_value(key).hex()},
        )
        return True

    def root(self) -> Root:
        """The root key. Raises ConfigurationError when it is absent, unreadable, damaged or open to strangers."""
        path = self.directory / "root.key"
        found = self._read(path, "run `garant init` to make the key store")
        if path.stat().st_mode & 0o007:
            raise ConfigurationError(f"{path} can be read by everyone on this machine; run: chmod o-rwx {path}")
        try:
            root = Root(str(found["region"]), int(found["epoch"]), base64.b64decode(found["key"], validate=True))
            policy.require_key(root.key, bytes.fromhex(found["kcv"]), "the root key")
        except (KeyError, TypeError, ValueError, policy.SealError) as error:
            raise ConfigurationError(f"{path} is damaged; put it back from its escrow") from error
        return root

    def make_tenant_key(self, tenant: uuid.UUID) -> bytes:
        """The tenant's key-encryption key, made and written when there is none."""
        path = self._path(tenant)
        if not path.exists():
            root = self.root()
            key = os.urandom(policy.KEY_BYTES)
            wrapped = policy.wrap(root.key, os.urandom(policy.NONCE_BYTES), _label(root, tenant, 1), key)
            self._write(
                path,
                {
                    "version": 1,
                    "root_kcv": policy.check_value(root.key).hex(),
                    "kcv": policy.check_value(key).hex(),
                    "wrapped": _text(wrapped),
                },
            )
        return self.tenant_key(tenant)

    def tenant_key(self, tenant: uuid.UUID) -> bytes:
        """The tenant's key-encryption key. Raises ConfigurationError when it is absent, or was wrapped by another root."""
        path = self._path(tenant)
        found = self._read(path, "put the key store back; without it what this tenant sealed stays unreadable")
        root = self.root()
        if found.get("root_kcv") != policy.check_value(root.key).hex():
            raise ConfigurationError(f"{path} was made under another root key than {self.directory}/root.key; put the right one back")
        try:
            wrapped = base64.b64decode(found["wrapped"], validate=True)
            key = policy.unwrap(root.key, _label(root, tenant, int(found["version"])), wrapped)
            policy.require_key(key, bytes.fromhex(found["kcv"]), f"the key of tenant {tenant}")
        except (KeyError, TypeError, ValueError, policy.SealError) as error:
            raise ConfigurationError(f"{path} is damaged; put it back from a copy of the key store") from error
        return key

    def _path(self, tenant: uuid.UUID) -> Path:
        return self.directory / "keks" / f"{tenant}.json"

    def _directory(self, path: Path, shared_mode: int) -> None:
        """A directory that exists keeps its owner and mode: provisioning decided them."""
        if path.exists():
            return
        path.mkdir(mode=0o700, parents=True)
        if (group := self._shared_with()) is not None:
            os.chown(path, -1, group)
            path.chmod(shared_mode)
        else:
            path.chmod(0o700)

    def _write(self, path: Path, content: Mapping[str, Any]) -> None:
        """Whole or not at all, and on the disk before the database speaks of it."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        group = self._shared_with()
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(content, file)
            if group is not None:
                os.fchown(file.fileno(), -1, group)
                os.fchmod(file.fileno(), 0o640)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        parent = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)

    def _read(self, path: Path, remedy: str) -> Mapping[str, Any]:
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

    def _shared_with(self) -> int | None:
        """The group that reads the store when root makes it, and the processes do not stay root."""
        if os.geteuid() != 0:
            return None
        try:
            return grp.getgrnam(self._group).gr_gid
        except KeyError:
            return None


def _label(root: Root, tenant: uuid.UUID, version: int) -> str:
    return f"garant/kek/{root.region}/{root.epoch}/{tenant}/{version}"


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
