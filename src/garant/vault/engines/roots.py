"""What protects the key store: a root, of which every epoch has a secret of its own.

The key store holds one random *epoch key*; tenants' keys are wrapped under it, locally. A `RootProtector` wraps the epoch key and nothing
else, so that a slow or distant one is asked once a process, and a rotation costs it one call. When the protector destroys an epoch, what
was wrapped under it is unreadable for ever, in every copy of the key store. How far that is true is what `attest` says.

`FileRoot`, the default, keeps each epoch's secret in a file: whoever copied that file can open an old copy of the store. It rests on
procedure. Other protectors are in `engines/kms/`.
"""

import base64
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from garant.kernel.errors import ConfigurationError, EngineError, Refused
from garant.kernel.text import Text
from garant.sdk.envelope import KEY_BYTES, NONCE_BYTES, SealError, check_value, require_key
from garant.vault.engines import files
from garant.vault.policy.wrapping import unwrap, wrap


class RootUnavailable(EngineError):
    """The root cannot be asked at present: nothing is decrypted."""


class RootGone(Refused):
    """This epoch of the root was destroyed, or is disabled: nothing that it protected can be read."""


@dataclass(frozen=True)
class Attestation:
    """What a protector can truly promise.

    `hardware`: its secret never leaves a device or a service. `cryptographic`: after `destroy`, a copy of everything that this machine
    ever held opens nothing. `shortest`, `longest`: how soon and how late it can destroy an epoch; the 180 days are counted by the vault.
    """

    adapter: str
    hardware: bool
    cryptographic: bool
    shortest: timedelta
    longest: timedelta | None
    words: Text


class RootProtector(Protocol):
    """Wraps epoch keys. Every verb may be called again after an interruption: twice is once.

    Errors: `ConfigurationError` (the operator must mend something), `RootUnavailable` (ask again later), `RootGone` (destroyed, disabled).
    A slow protector may remember epoch keys in memory until the epoch is disabled or destroyed by this process.
    """

    name: str
    """Recorded beside what it wrapped: `file`, `pkcs11`, `transit`, …"""

    def rotate_epoch(self, epoch: int) -> None:
        """Make ready what protects this epoch, unless it is there. The epochs before it stay usable until `destroy`."""

    def wrap(self, epoch: int, key: bytes, label: str) -> bytes:
        """`key` (32 bytes) under this epoch; the label is authenticated."""

    def unwrap(self, epoch: int, wrapped: bytes, label: str) -> bytes:
        """The key. Raises SealError when a bit or the label differs, and the errors of the protocol."""

    def disable(self, epoch: int) -> None:
        """Refuse this epoch until it is enabled by the operator's own means; reversible."""

    def schedule_destroy(self, epoch: int, at: datetime) -> datetime:
        """Announce the destruction of an epoch; when it will happen, `at` or as near as the service allows."""

    def destroy(self, epoch: int) -> None:
        """Destroy what protects this epoch, for ever; nothing happens when it is gone."""

    def attest(self) -> Attestation:
        """What this protector can truly promise."""


class FileRoot:
    """`<directory>/<epoch>.key` {"key", "kcv"}: one secret an epoch, readable by the processes that seal and open."""

    name = "file"

    def __init__(self, directory: Path, *, group: str = files.GROUP) -> None:
        self.directory = directory
        self._group = group

    def rotate_epoch(self, epoch: int) -> None:
        if self._path(epoch).exists():
            self._secret(epoch)
            return
        files.make_directory(self.directory, self._group)
        key = os.urandom(KEY_BYTES)
        content = {"key": base64.b64encode(key).decode("ascii"), "kcv": check_value(key).hex()}
        files.write_json(self._path(epoch), content, self._group)

    def wrap(self, epoch: int, key: bytes, label: str) -> bytes:
        return wrap(self._secret(epoch), os.urandom(NONCE_BYTES), label, key)

    def unwrap(self, epoch: int, wrapped: bytes, label: str) -> bytes:
        return unwrap(self._secret(epoch), label, wrapped)

    def disable(self, epoch: int) -> None:
        if self._path(epoch).exists():
            os.replace(self._path(epoch), self._path(epoch).with_suffix(".disabled"))
            files.flush_directory(self.directory)

    def schedule_destroy(self, epoch: int, at: datetime) -> datetime:  # noqa: ARG002 - a file needs no notice
        return at

    def destroy(self, epoch: int) -> None:
        for path in (self._path(epoch), self._path(epoch).with_suffix(".disabled")):
            files.overwrite_and_delete(path)

    def attest(self) -> Attestation:
        return Attestation(
            "file",
            hardware=False,
            cryptographic=False,
            shortest=timedelta(0),
            longest=None,
            words=Text(
                "La racine est un fichier : qui l’a copié ouvre une ancienne copie du magasin de clés. La destruction repose sur la "
                "procédure.",
                "The root is a file: whoever copied it opens an old copy of the key store. Destruction rests on procedure.",
            ),
        )

    def _path(self, epoch: int) -> Path:
        return self.directory / f"{epoch}.key"

    def _secret(self, epoch: int) -> bytes:
        path = self._path(epoch)
        if path.with_suffix(".disabled").exists() and not path.exists():
            raise RootGone(f"epoch {epoch} of the root is disabled; give {path.with_suffix('.disabled')} its former name to enable it")
        found = files.read_json(path, "put the root key back from its escrow; if its epoch was destroyed, nothing opens this store again")
        if path.stat().st_mode & 0o007:
            raise ConfigurationError(f"{path} can be read by everyone on this machine; run: chmod o-rwx {path}")
        try:
            key = base64.b64decode(found["key"], validate=True)
            require_key(key, bytes.fromhex(found["kcv"]), "the root key")
        except (KeyError, TypeError, ValueError, SealError) as error:
            raise ConfigurationError(f"{path} is damaged; put it back from its escrow") from error
        return key
