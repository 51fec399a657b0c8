"""The root in a device that speaks PKCS#11: one AES-256 key an epoch, made in the device, sensitive and not extractable.

    label `<label>-epoch-<n>`; wrapped = nonce (12) | AES-256-GCM of the epoch key, with the label as associated data

One session a process, under a lock; after a fork the library is initialised again. Started by root, a key is made as the service user if
the PIN is readable by that user's group: a token of files (SoftHSM) would otherwise hold a key that the service cannot read. Disabling
takes the right to encrypt and to decrypt from the key (CKA_ENCRYPT, CKA_DECRYPT); the operator gives it back with the device's own tool.
Destruction is C_DestroyObject.
"""

import contextlib
import os
import pwd
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from garant.kernel.errors import ConfigurationError
from garant.kernel.text import Text
from garant.sdk.envelope import KEY_BYTES, NONCE_BYTES, SealError
from garant.vault.engines import files
from garant.vault.engines.kms.extras import need
from garant.vault.engines.roots import Attestation, RootGone, RootUnavailable

pkcs11 = need("pkcs11", "pkcs11")
Attribute, Mechanism, ObjectClass = pkcs11.Attribute, pkcs11.Mechanism, pkcs11.ObjectClass

T = TypeVar("T")
DAMAGED = (pkcs11.EncryptedDataInvalid, pkcs11.EncryptedDataLenRange, pkcs11.DataInvalid, pkcs11.DataLenRange)
PIN = (pkcs11.PinIncorrect, pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.UserPinNotInitialized)
WORDS = Text(
    "La racine est une clé par époque, fabriquée dans un module PKCS#11 et qui n’en sort pas. Détruire la clé rend illisible toute copie "
    "du magasin de clés, pour autant que le module n’ait pas lui-même de copie de sauvegarde.",
    "The root is one key an epoch, made in a PKCS#11 module and never leaving it. Destroying the key makes every copy of the key store "
    "unreadable, as far as the module has no backup of its own.",
)
SOFTWARE_WORDS = Text(
    "La racine est une clé par époque dans SoftHSM, un module PKCS#11 logiciel : ses fichiers se copient. La destruction repose sur la "
    "procédure.",
    "The root is one key an epoch in SoftHSM, a PKCS#11 module made of software: its files can be copied. Destruction rests on procedure.",
)


class Pkcs11Root:
    """`module`: path of the device's library. `token`: label of the token. `pin`: file with the user PIN. `label`: prefix of the keys.

    What the library wants to find in the environment (SOFTHSM2_CONF, …) is there already.
    """

    name = "pkcs11"

    def __init__(self, module: Path, token: str, pin: Path, *, label: str = "garant") -> None:
        self._module, self._token, self._pin, self._label = module, token, pin, label
        self._lock = threading.RLock()
        self._session: Any = None
        self._process = 0

    def rotate_epoch(self, epoch: int) -> None:
        def act() -> None:
            if self._key(epoch) is None:
                with _as_service_user(self._pin):
                    self._make(epoch)

        self._do(act)

    def wrap(self, epoch: int, key: bytes, label: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._do(lambda: self._crypt(epoch, "encrypt", key, nonce, label))

    def unwrap(self, epoch: int, wrapped: bytes, label: str) -> bytes:
        wrapped = bytes(wrapped)
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        if len(sealed) != KEY_BYTES + 16:
            raise SealError(f"{label} cannot be unwrapped: it is damaged")
        return self._do(lambda: self._crypt(epoch, "decrypt", sealed, nonce, label))

    def disable(self, epoch: int) -> None:
        def act() -> None:
            key = self._key(epoch)
            if key is not None:
                key[Attribute.ENCRYPT] = False
                key[Attribute.DECRYPT] = False

        self._do(act)

    def schedule_destroy(self, epoch: int, at: datetime) -> datetime:
        """The device knows no delay: the key is disabled, and destroyed by `destroy` on the day."""
        self.disable(epoch)
        return at

    def destroy(self, epoch: int) -> None:
        def act() -> None:
            key = self._key(epoch)
            if key is not None:
                key.destroy()

        self._do(act)

    def attest(self) -> Attestation:
        maker = self._do(lambda: str(self._session.token.slot.manufacturer_id) + str(self._session.token.manufacturer_id))
        software = "softhsm" in maker.lower()
        return Attestation(
            "pkcs11",
            hardware=not software,
            cryptographic=not software,
            shortest=timedelta(0),
            longest=None,
            words=SOFTWARE_WORDS if software else WORDS,
        )

    def _name(self, epoch: int) -> str:
        return f"{self._label}-epoch-{epoch}"

    def _key(self, epoch: int) -> Any:
        found = list(self._session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: self._name(epoch)}))
        if len(found) > 1:
            raise ConfigurationError(
                f"the token {self._token} holds {len(found)} keys {self._name(epoch)}; delete those that Garant did not make"
            )
        return found[0] if found else None

    def _make(self, epoch: int) -> None:
        self._session.generate_key(
            pkcs11.KeyType.AES,
            256,
            label=self._name(epoch),
            id=self._name(epoch).encode(),
            store=True,
            capabilities=pkcs11.MechanismFlag.ENCRYPT | pkcs11.MechanismFlag.DECRYPT,
            template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True, Attribute.MODIFIABLE: True},
        )

    def _crypt(self, epoch: int, verb: str, data: bytes, nonce: bytes, label: str) -> bytes:
        key = self._key(epoch)
        if key is None:
            raise RootGone(f"the token {self._token} holds no key {self._name(epoch)}: this epoch of the root was destroyed")
        if not (key[Attribute.ENCRYPT] and key[Attribute.DECRYPT]):
            raise RootGone(f"the key {self._name(epoch)} is disabled; set CKA_ENCRYPT and CKA_DECRYPT again to enable it")
        given = pkcs11.GCMParams(nonce, label.encode(), 128)
        try:
            return bytes(getattr(key, verb)(data, mechanism=Mechanism.AES_GCM, mechanism_param=given))
        except (*DAMAGED, pkcs11.GeneralError, pkcs11.FunctionFailed) as error:
            if verb == "encrypt":
                raise
            # SoftHSM says CKR_GENERAL_ERROR for a tag that does not fit; if the device still answers, that is what it was.
            self._session.generate_random(64)
            raise SealError(f"{label} cannot be unwrapped: it is damaged or was wrapped under another key") from error

    def _do(self, act: Callable[[], T]) -> T:
        """One act in the session; a session that was lost is opened once more."""
        with self._lock:
            for attempt in (1, 2):
                self._open()
                try:
                    return act()
                except (pkcs11.PKCS11Error, pkcs11.NoSuchKey) as error:
                    self._session = None
                    if attempt == 2:
                        raise RootUnavailable(f"the token {self._token} does not answer: {type(error).__name__}") from error
        raise AssertionError

    def _open(self) -> None:
        if self._session is not None and self._process == os.getpid():
            return
        try:
            pin = self._pin.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self._pin} (PIN of the token {self._token}) cannot be read by this process") from error
        try:
            library = pkcs11.lib(str(self._module))
            if self._process != os.getpid():
                library.reinitialize()
                self._process = os.getpid()
            token = library.get_token(token_label=self._token)
        except pkcs11.NoSuchToken as error:
            raise ConfigurationError(f"{self._module} knows no token {self._token!r}; name one that it lists") from error
        except (pkcs11.PKCS11Error, OSError) as error:
            raise ConfigurationError(f"{self._module} cannot be used as a PKCS#11 module: {error or type(error).__name__}") from error
        try:
            self._session = token.open(rw=True, user_pin=pin)
        except PIN as error:
            raise ConfigurationError(f"the token {self._token} refuses the PIN in {self._pin} ({type(error).__name__})") from error
        except pkcs11.PKCS11Error as error:
            raise RootUnavailable(f"the token {self._token} opens no session: {type(error).__name__}") from error


@contextlib.contextmanager
def _as_service_user(pin: Path) -> Iterator[None]:
    """Files that the device's library makes meanwhile belong to whom the PIN was given to. Nothing changes for others than root."""
    try:
        user = pwd.getpwnam(files.GROUP)
    except KeyError:
        user = None
    if user is None or os.geteuid() != 0 or pin.stat().st_gid != user.pw_gid:
        yield
        return
    before = os.getegid()
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(before)
