"""The root in the transit engine of OpenBao or HashiCorp Vault: one key `<name>-epoch-<n>` an epoch, aes256-gcm96, not exportable.

The label is associated data. Disabling is OpenBao's soft delete; Vault has none, and there the key gets a new version and the former one
is no longer allowed to decrypt (`min_decryption_version`): both are undone by the service’s own means. Destruction allows deletion and
deletes. Backups of the service (raft snapshots) still hold the key: they have to expire too.
"""

import base64
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from garant.kernel.errors import ConfigurationError
from garant.kernel.text import Text
from garant.sdk.envelope import SealError
from garant.vault.engines.kms.extras import need
from garant.vault.engines.roots import Attestation, RootGone, RootUnavailable

hvac = need("hvac", "transit")
need("hvac.exceptions", "transit")
requests = need("requests", "transit")

SECONDS = 5
"""Longest wait for an answer."""
GONE = ("not found", "no existing key", "soft-deleted", "soft deleted", "disallowed by policy", "no such key")
WORDS = Text(
    "La racine est une clé par époque dans un service OpenBao ou Vault, qui ne l’exporte pas. Supprimer la clé rend illisible toute copie "
    "du magasin de clés dès que les sauvegardes du service ont expiré.",
    "The root is one key an epoch in an OpenBao or Vault service, which does not export it. Deleting the key makes every copy of the key "
    "store unreadable once the service’s own backups have expired.",
)


class TransitRoot:
    """`address`: `https://…`. `token`: file with a token that may use `<mount>/keys/<name>-epoch-*` and the paths beside it.

    `authority`: PEM file of the service's certificate authority; None for the system's. `namespace`: of the service, where it has some.
    """

    name = "transit"

    def __init__(
        self,
        address: str,
        token: Path,
        *,
        mount: str = "transit",
        key: str = "garant",
        authority: Path | None = None,
        namespace: str | None = None,
    ) -> None:
        self._address, self._token, self._mount, self._prefix = address, token, mount, key
        self._authority, self._namespace = authority, namespace

    def rotate_epoch(self, epoch: int) -> None:
        if self._state(epoch) is None:
            self._ask("post", f"keys/{self._key(epoch)}", {"type": "aes256-gcm96", "exportable": False})

    def wrap(self, epoch: int, key: bytes, label: str) -> bytes:
        if self._state(epoch) is None:  # to encrypt with an unknown key would make it, where the token's policy lets it
            raise RootGone(f"{self._address} holds no key {self._key(epoch)}: this epoch of the root was destroyed")
        found = self._ask("post", f"encrypt/{self._key(epoch)}", {"plaintext": _text(key), "associated_data": _text(label.encode())})
        return str(found["ciphertext"]).encode("ascii")

    def unwrap(self, epoch: int, wrapped: bytes, label: str) -> bytes:
        try:
            text = bytes(wrapped).decode("ascii")
        except UnicodeDecodeError as error:
            raise SealError(f"{label} cannot be unwrapped: it is damaged") from error
        found = self._ask(
            "post", f"decrypt/{self._key(epoch)}", {"ciphertext": text, "associated_data": _text(label.encode())}, label=label
        )
        return base64.b64decode(found["plaintext"])

    def disable(self, epoch: int) -> None:
        state = self._state(epoch)
        if state is None or state.get("soft_deleted"):
            return
        if not self._soft_delete(epoch) and int(state["min_decryption_version"]) < 2:
            self._ask("post", f"keys/{self._key(epoch)}/rotate", {})
            self._ask("post", f"keys/{self._key(epoch)}/config", {"min_decryption_version": 2, "min_encryption_version": 2})

    def schedule_destroy(self, epoch: int, at: datetime) -> datetime:
        """Disabled now; `destroy` deletes it on the day."""
        self.disable(epoch)
        return at

    def destroy(self, epoch: int) -> None:
        if self._state(epoch) is not None:
            self._ask("post", f"keys/{self._key(epoch)}/config", {"deletion_allowed": True})
            self._ask("delete", f"keys/{self._key(epoch)}")

    def attest(self) -> Attestation:
        return Attestation("transit", hardware=False, cryptographic=True, shortest=timedelta(0), longest=None, words=WORDS)

    def _key(self, epoch: int) -> str:
        return f"{self._prefix}-epoch-{epoch}"

    def _state(self, epoch: int) -> dict[str, Any] | None:
        try:
            return self._ask("get", f"keys/{self._key(epoch)}")
        except RootGone:
            return None

    def _soft_delete(self, epoch: int) -> bool:
        """Whether the service knows soft deletion."""
        try:
            self._ask("delete", f"keys/{self._key(epoch)}/soft-delete")
        except (RootGone, RootUnavailable, ConfigurationError):
            return False
        return bool((self._state(epoch) or {}).get("soft_deleted"))

    def _ask(self, verb: str, path: str, body: dict[str, Any] | None = None, *, label: str = "") -> dict[str, Any]:
        """What the service says. Its refusals become the errors of the protocol."""
        full = f"/v1/{self._mount}/{path}"
        try:
            answer = getattr(self._client().adapter, verb)(full, **({} if body is None else {"json": body}))
        except hvac.exceptions.Forbidden as error:
            raise ConfigurationError(
                f"{self._address} refuses the token in {self._token} for {self._mount}/{path}; widen its policy"
            ) from error
        except (hvac.exceptions.InvalidPath, hvac.exceptions.InvalidRequest) as error:
            said = str(error)
            if isinstance(error, hvac.exceptions.InvalidPath) or any(word in said.lower() for word in GONE):
                raise RootGone(f"{self._address} does not use {path.split('/')[1]}: it is disabled or was destroyed") from error
            if label:
                raise SealError(f"{label} cannot be unwrapped: it is damaged or was wrapped under another key") from error
            raise RootUnavailable(f"{self._address} refuses {verb} {path}: {said.splitlines()[0]}") from error
        except (hvac.exceptions.VaultError, requests.exceptions.RequestException) as error:
            raise RootUnavailable(f"{self._address} does not answer as a transit engine does: {type(error).__name__}") from error
        data = answer.get("data") if isinstance(answer, dict) else None
        return data if isinstance(data, dict) else {}

    def _client(self) -> Any:
        try:
            token = self._token.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self._token} (token for {self._address}) cannot be read by this process") from error
        verify = str(self._authority) if self._authority is not None else True
        return hvac.Client(url=self._address, token=token, verify=verify, timeout=SECONDS, namespace=self._namespace)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
