"""The root as files encrypted with age: `<directory>/<epoch>.age` holds the secret of one epoch.

With an identity (X25519), the files alone open nothing: the identity lies elsewhere, in a systemd credential or on tmpfs. With a
passphrase the start of each process takes some seconds, since guessing must be slow. The secret of an epoch is remembered by the process
as long as its file stays as it was: to disable or to destroy the file is felt at once by every process.
"""

import os
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from garant.kernel.errors import ConfigurationError
from garant.kernel.text import Text
from garant.sdk.envelope import KEY_BYTES, NONCE_BYTES
from garant.vault.engines import files
from garant.vault.engines.kms.extras import need
from garant.vault.engines.roots import Attestation, RootGone
from garant.vault.policy.wrapping import unwrap, wrap

pyrage = need("pyrage", "age")

IDENTITY_WORDS = Text(
    "La racine est un fichier par époque, chiffré pour une identité age rangée ailleurs. Qui a copié les deux ouvre une ancienne copie du "
    "magasin de clés : la destruction repose sur la procédure.",
    "The root is one file an epoch, encrypted to an age identity that is kept elsewhere. Whoever copied both opens an old copy of the key "
    "store: destruction rests on procedure.",
)
PASSPHRASE_WORDS = Text(
    "La racine est un fichier par époque, chiffré par une phrase de passe. Qui a copié le fichier et connaît la phrase ouvre une ancienne "
    "copie du magasin de clés : la destruction repose sur la procédure.",
    "The root is one file an epoch, encrypted by a passphrase. Whoever copied the file and knows the phrase opens an old copy of the key "
    "store: destruction rests on procedure.",
)


class AgeRoot:
    """`identity`: file with one `AGE-SECRET-KEY-1…`; `passphrase`: file with one line; exactly one of them."""

    name = "age"

    def __init__(self, directory: Path, *, identity: Path | None = None, passphrase: Path | None = None, group: str = files.GROUP) -> None:
        if (identity is None) == (passphrase is None):
            raise ConfigurationError('the root "age" needs either identity or passphrase: the path of a file')
        self.directory = directory
        self._identity, self._passphrase, self._group = identity, passphrase, group
        self._lock = threading.Lock()
        self._known: dict[int, tuple[tuple[int, int], bytes]] = {}

    def rotate_epoch(self, epoch: int) -> None:
        if self._path(epoch).exists():
            self._secret(epoch)
            return
        files.make_directory(self.directory, self._group)
        files.write(self._path(epoch), self._encrypt(os.urandom(KEY_BYTES)), self._group)

    def wrap(self, epoch: int, key: bytes, label: str) -> bytes:
        return wrap(self._secret(epoch), os.urandom(NONCE_BYTES), label, key)

    def unwrap(self, epoch: int, wrapped: bytes, label: str) -> bytes:
        return unwrap(self._secret(epoch), label, wrapped)

    def disable(self, epoch: int) -> None:
        if self._path(epoch).exists():
            os.replace(self._path(epoch), self._disabled(epoch))
            files.flush_directory(self.directory)

    def schedule_destroy(self, epoch: int, at: datetime) -> datetime:  # noqa: ARG002 - a file needs no notice
        return at

    def destroy(self, epoch: int) -> None:
        for path in (self._path(epoch), self._disabled(epoch)):
            files.overwrite_and_delete(path)

    def attest(self) -> Attestation:
        words = IDENTITY_WORDS if self._identity is not None else PASSPHRASE_WORDS
        return Attestation("age", hardware=False, cryptographic=False, shortest=timedelta(0), longest=None, words=words)

    def _path(self, epoch: int) -> Path:
        return self.directory / f"{epoch}.age"

    def _disabled(self, epoch: int) -> Path:
        return self.directory / f"{epoch}.age.disabled"

    def _secret(self, epoch: int) -> bytes:
        path = self._path(epoch)
        try:
            state = path.stat()
        except FileNotFoundError as error:
            if self._disabled(epoch).exists():
                raise RootGone(
                    f"epoch {epoch} of the root is disabled; give {self._disabled(epoch)} its former name to enable it"
                ) from error
            raise RootGone(f"{path} does not exist: this epoch of the root was destroyed, or must be put back from its escrow") from error
        if state.st_mode & 0o007:
            raise ConfigurationError(f"{path} can be read by everyone on this machine; run: chmod o-rwx {path}")
        version = (state.st_ino, state.st_mtime_ns)
        with self._lock:
            known = self._known.get(epoch)
            if known is None or known[0] != version:
                self._known[epoch] = known = (version, self._decrypt(path))
        return known[1]

    def _encrypt(self, secret: bytes) -> bytes:
        if self._passphrase is not None:
            return bytes(pyrage.passphrase.encrypt(secret, _line(self._passphrase, "passphrase")))
        return bytes(pyrage.encrypt(secret, [self._key().to_public()]))

    def _decrypt(self, path: Path) -> bytes:
        try:
            sealed = path.read_bytes()
        except PermissionError as error:
            raise ConfigurationError(f"{path} cannot be read by this user; only web, decision and worker open sealed values") from error
        opener: Callable[[], bytes]
        if self._passphrase is not None:
            phrase = _line(self._passphrase, "passphrase")
            given, opener = self._passphrase, lambda: pyrage.passphrase.decrypt(sealed, phrase)
        else:
            key = self._key()
            given, opener = self._identity or path, lambda: pyrage.decrypt(sealed, [key])
        try:
            secret = bytes(opener())
        except pyrage.DecryptError as error:
            raise ConfigurationError(f"{path} does not open with {given}: put the right one back, or the file from its escrow") from error
        if len(secret) != KEY_BYTES:
            raise ConfigurationError(f"{path} does not hold a key; put it back from its escrow")
        return secret

    def _key(self) -> Any:
        path = self._identity
        assert path is not None
        for line in _read(path, "identity").splitlines():
            if line.startswith("AGE-SECRET-KEY-1"):
                try:
                    return pyrage.x25519.Identity.from_str(line.strip())
                except pyrage.IdentityError as error:
                    raise ConfigurationError(f"{path} holds a damaged age identity; put it back from its escrow") from error
        raise ConfigurationError(f"{path} holds no age identity (a line AGE-SECRET-KEY-1…); make one with age-keygen")


def _line(path: Path, what: str) -> str:
    text = _read(path, what).strip("\r\n")
    if not text or "\n" in text:
        raise ConfigurationError(f"{path} must hold the {what} on one line")
    return text


def _read(path: Path, what: str) -> str:
    try:
        if path.stat().st_mode & 0o007:
            raise ConfigurationError(f"{path} can be read by everyone on this machine; run: chmod o-rwx {path}")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigurationError(f"{path} ({what} of the root) cannot be read: {reason}") from error
