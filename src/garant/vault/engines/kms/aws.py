"""The root in AWS KMS, in one region: one symmetric key an epoch, under the alias `alias/<key>-epoch-<n>`.

The label is the encryption context. AWS deletes a key 7 to 30 days after it is told to, not later: the vault counts the 180 days.
`schedule_destroy` disables the key at once and may be called every day; it orders the deletion once the day lies within 30 days.
`destroy` orders it for the earliest day; until then an administrator of the account could still take the order back.
"""

from datetime import datetime, timedelta
from typing import Any

from garant.kernel.clock import Clock, SystemClock
from garant.kernel.errors import ConfigurationError
from garant.kernel.text import Text
from garant.sdk.envelope import SealError
from garant.vault.engines.kms.extras import need
from garant.vault.engines.roots import Attestation, RootGone, RootUnavailable

boto3 = need("boto3", "aws")
config, exceptions = need("botocore.config", "aws"), need("botocore.exceptions", "aws")

SHORTEST, LONGEST = timedelta(days=7), timedelta(days=30)
"""Of the window between an order to delete and the deletion."""
SECONDS = 5
GONE = ("NotFoundException", "DisabledException", "KMSInvalidStateException")
DAMAGED = ("InvalidCiphertextException", "IncorrectKeyException")
REFUSED = ("AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException", "InvalidClientTokenId", "SignatureDoesNotMatch")
WORDS = Text(
    "La racine est une clé par époque dans AWS KMS, qui ne l’exporte pas. La destruction prend de 7 à 30 jours après l’ordre; d’ici là, "
    "un administrateur du compte peut la retirer. Ensuite, aucune copie du magasin de clés ne s’ouvre plus.",
    "The root is one key an epoch in AWS KMS, which does not export it. Destruction takes 7 to 30 days after the order; until then an "
    "administrator of the account can take it back. After that no copy of the key store opens.",
)


class AwsRoot:
    """`region`: of the keys. `key`: prefix of their names. `endpoint`: of a private link; None for the public one.

    Credentials come as boto3 finds them: the role of the machine, or the environment.
    """

    name = "aws"

    def __init__(self, region: str, *, key: str = "garant", endpoint: str | None = None, clock: Clock | None = None) -> None:
        self._region, self._prefix, self._endpoint = region, key, endpoint
        self._clock = clock or SystemClock()
        self._made: Any = None

    def rotate_epoch(self, epoch: int) -> None:
        if self._state(epoch) is not None:
            return
        made = self._ask("create_key", Description=f"Garant, {self._prefix}, epoch {epoch}", KeySpec="SYMMETRIC_DEFAULT")
        self._ask("create_alias", AliasName=self._alias(epoch), TargetKeyId=made["KeyMetadata"]["KeyId"])

    def wrap(self, epoch: int, key: bytes, label: str) -> bytes:
        found = self._ask("encrypt", KeyId=self._alias(epoch), Plaintext=key, EncryptionContext={"garant": label})
        return bytes(found["CiphertextBlob"])

    def unwrap(self, epoch: int, wrapped: bytes, label: str) -> bytes:
        given = {"CiphertextBlob": bytes(wrapped), "EncryptionContext": {"garant": label}}
        return bytes(self._ask("decrypt", KeyId=self._alias(epoch), **given)["Plaintext"])

    def disable(self, epoch: int) -> None:
        state = self._state(epoch)
        if state is not None and state["KeyState"] == "Enabled":
            self._ask("disable_key", KeyId=state["KeyId"])

    def schedule_destroy(self, epoch: int, at: datetime) -> datetime:
        """Disabled now; deletion ordered when `at` lies within 30 days. Returns `at`, or the day that AWS answered."""
        self.disable(epoch)
        state = self._state(epoch)
        if state is None or at - self._clock.now() > LONGEST:
            return at
        return self._delete(state, at - self._clock.now())

    def destroy(self, epoch: int) -> None:
        state = self._state(epoch)
        if state is not None:
            self._delete(state, SHORTEST)

    def attest(self) -> Attestation:
        return Attestation("aws", hardware=True, cryptographic=True, shortest=SHORTEST, longest=LONGEST, words=WORDS)

    def _alias(self, epoch: int) -> str:
        return f"alias/{self._prefix}-epoch-{epoch}"

    def _state(self, epoch: int) -> dict[str, Any] | None:
        try:
            return dict(self._ask("describe_key", KeyId=self._alias(epoch))["KeyMetadata"])
        except RootGone:
            return None

    def _delete(self, state: dict[str, Any], after: timedelta) -> datetime:
        if state["KeyState"] == "PendingDeletion":
            return _day(state["DeletionDate"])
        days = min(max(-(-after // timedelta(days=1)), SHORTEST.days), LONGEST.days)
        return _day(self._ask("schedule_key_deletion", KeyId=state["KeyId"], PendingWindowInDays=days)["DeletionDate"])

    def _ask(self, verb: str, **given: Any) -> dict[str, Any]:
        """What KMS says. Its refusals become the errors of the protocol."""
        try:
            if self._made is None:
                limits = config.Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"max_attempts": 2})
                self._made = boto3.client("kms", region_name=self._region, endpoint_url=self._endpoint, config=limits)
            return dict(getattr(self._made, verb)(**given))
        except exceptions.ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in GONE:
                raise RootGone(f"AWS KMS does not use {given.get('KeyId', verb)}: {code}") from error
            if code in DAMAGED:
                raise SealError("the root key cannot be unwrapped: it is damaged or was wrapped under another key") from error
            if code in REFUSED:
                raise ConfigurationError(f"AWS KMS in {self._region} refuses kms:{verb} ({code}); widen the policy of the role") from error
            raise RootUnavailable(f"AWS KMS in {self._region} refuses {verb}: {code}") from error
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
            raise ConfigurationError("AWS KMS cannot be asked without credentials; give this machine a role") from error
        except exceptions.BotoCoreError as error:
            raise RootUnavailable(f"AWS KMS in {self._region} does not answer: {type(error).__name__}") from error


def _day(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise RootUnavailable("AWS KMS names no day of deletion")
    return value
