"""The root in Azure Key Vault or a managed HSM: one RSA key `<key>-epoch-<n>` an epoch, RSA-OAEP-256.

What is wrapped is the epoch key and the SHA-256 of the label, since RSA knows no associated data. Azure keeps a deleted key for the
retention of the vault (7 to 90 days), and with purge protection nobody shortens it: the vault counts the 180 days. `schedule_destroy`
disables the key at once and may be called every day; it deletes the key one retention before the day. `destroy` deletes, and purges where
purge protection lets it.
"""

import contextlib
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

from garant.kernel.clock import Clock, SystemClock
from garant.kernel.errors import ConfigurationError
from garant.kernel.text import Text
from garant.sdk.envelope import KEY_BYTES, SealError
from garant.vault.engines.kms.extras import need
from garant.vault.engines.roots import Attestation, RootGone, RootUnavailable

keys, crypto = need("azure.keyvault.keys", "azure"), need("azure.keyvault.keys.crypto", "azure")
exceptions = need("azure.core.exceptions", "azure")

BITS = 3072
SECONDS = 5
DELETION_SECONDS = 60
WORDS = Text(
    "La racine est une clé par époque dans Azure Key Vault, qui ne l’exporte pas. Une clé supprimée y reste récupérable pendant la durée "
    "de conservation du coffre; ensuite, aucune copie du magasin de clés ne s’ouvre plus.",
    "The root is one key an epoch in Azure Key Vault, which does not export it. A deleted key stays recoverable for the vault’s retention; "
    "after that no copy of the key store opens.",
)


class AzureRoot:
    """`vault`: `https://<name>.vault.azure.net`. `key`: prefix of the keys. `retention`: of the vault, 7 to 90 days.

    `hardware`: keys of the kind RSA-HSM (premium vault or managed HSM). `credential`: None for the managed identity or the environment.
    `given`: passed on to the clients (a transport, in tests).
    """

    name = "azure"

    def __init__(
        self,
        vault: str,
        *,
        key: str = "garant",
        retention: timedelta = timedelta(days=90),
        hardware: bool = False,
        credential: Any = None,
        clock: Clock | None = None,
        **given: Any,
    ) -> None:
        self._vault, self._prefix, self._retention, self._hardware = vault, key, retention, hardware
        self._credential = credential or need("azure.identity", "azure").DefaultAzureCredential()
        self._clock = clock or SystemClock()
        self._given = {"connection_timeout": SECONDS, "read_timeout": SECONDS, "retry_total": 2, **given}
        self._client = keys.KeyClient(vault, self._credential, **self._given)

    def rotate_epoch(self, epoch: int) -> None:
        if self._key(epoch) is None:
            allowed = [keys.KeyOperation.wrap_key, keys.KeyOperation.unwrap_key]
            hardware = {"hardware_protected": self._hardware}
            self._ask(lambda: self._client.create_rsa_key(self._name(epoch), size=BITS, key_operations=allowed, **hardware))

    def wrap(self, epoch: int, key: bytes, label: str) -> bytes:
        content = key + _digest(label)
        return bytes(self._ask(lambda: self._cipher(epoch).wrap_key(crypto.KeyWrapAlgorithm.rsa_oaep_256, content)).encrypted_key)

    def unwrap(self, epoch: int, wrapped: bytes, label: str) -> bytes:
        opened = self._ask(lambda: self._cipher(epoch).unwrap_key(crypto.KeyWrapAlgorithm.rsa_oaep_256, bytes(wrapped)), label=label)
        content = bytes(opened.key)
        if len(content) != KEY_BYTES + 32 or not hmac.compare_digest(content[KEY_BYTES:], _digest(label)):
            raise SealError(f"{label} cannot be unwrapped: it was wrapped for something else")
        return content[:KEY_BYTES]

    def disable(self, epoch: int) -> None:
        found = self._key(epoch)
        if found is not None and found.properties.enabled:
            self._ask(lambda: self._client.update_key_properties(self._name(epoch), enabled=False))

    def schedule_destroy(self, epoch: int, at: datetime) -> datetime:
        """Disabled now; deleted when `at` lies within the vault’s retention. Returns `at`, or the day that Azure answered."""
        self.disable(epoch)
        if at - self._clock.now() > self._retention or self._key(epoch) is None:
            return at
        return self._delete(epoch) or at

    def destroy(self, epoch: int) -> None:
        with contextlib.suppress(RootGone):
            self._delete(epoch)
        try:
            self._ask(lambda: self._client.purge_deleted_key(self._name(epoch)))
        except (RootGone, ConfigurationError):
            return  # it is gone, or purge protection keeps it until the retention ends

    def attest(self) -> Attestation:
        return Attestation(
            "azure", hardware=self._hardware, cryptographic=True, shortest=self._retention, longest=self._retention, words=WORDS
        )

    def _name(self, epoch: int) -> str:
        return f"{self._prefix}-epoch-{epoch}"

    def _key(self, epoch: int) -> Any:
        try:
            return self._ask(lambda: self._client.get_key(self._name(epoch)))
        except RootGone:
            return None

    def _cipher(self, epoch: int) -> Any:
        found = self._client.get_key(self._name(epoch))
        if not found.properties.enabled:
            raise RootGone(f"the key {self._name(epoch)} of {self._vault} is disabled")
        return crypto.CryptographyClient(found, self._credential, **self._given)

    def _delete(self, epoch: int) -> datetime | None:
        poller = self._ask(lambda: self._client.begin_delete_key(self._name(epoch)))
        self._ask(lambda: poller.wait(DELETION_SECONDS))  # before that, it cannot be purged
        day = poller.result().scheduled_purge_date
        return day if isinstance(day, datetime) else None

    def _ask(self, act: Any, *, label: str = "") -> Any:
        """What Azure says. Its refusals become the errors of the protocol."""
        try:
            return act()
        except exceptions.ResourceNotFoundError as error:
            raise RootGone(f"{self._vault} holds no such key: this epoch of the root was destroyed") from error
        except exceptions.ClientAuthenticationError as error:
            raise ConfigurationError(f"{self._vault} refuses the identity of this machine; give it a role on the vault") from error
        except exceptions.HttpResponseError as error:
            said = str(error.message)
            if error.status_code == 403 and "disabled" in said.lower():
                raise RootGone(f"{self._vault} does not use the key: it is disabled") from error
            if error.status_code == 403:
                raise ConfigurationError(f"{self._vault} refuses the identity of this machine; give it a role on the keys") from error
            if error.status_code == 400 and label:
                raise SealError(f"{label} cannot be unwrapped: it is damaged or was wrapped under another key") from error
            raise RootUnavailable(f"{self._vault} refuses: {error.status_code} {said.splitlines()[0] if said else ''}") from error
        except exceptions.AzureError as error:
            raise RootUnavailable(f"{self._vault} does not answer: {type(error).__name__}") from error


def _digest(label: str) -> bytes:
    return hashlib.sha256(label.encode()).digest()
