"""A stand-in for the keyring, for an application's own tests: the same calls, keys in memory, one for each tenant.

What it seals is lost with the process. `garant_django.keys.use(MemoryKeyring())` puts it in place of the real one for a test.
"""

import os
import uuid
from collections.abc import Iterable
from functools import cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from garant.sdk import envelope as sealed
from garant.sdk.blind import BlindIndex
from garant.sdk.envelope import Place, SealError
from garant.sdk.errors import KeysSuspended
from garant.sdk.keyring import DEFAULT_CLASS, Sealed


class MemoryKeyring:
    """`suspended`: short names of tenants whose keys are refused, as the real one would refuse them."""

    def __init__(self) -> None:
        self.suspended: set[str] = set()

    def seal(self, *, tenant: str, table: str, column: str, row: str, value: bytes, data_class: str = DEFAULT_CLASS) -> bytes:  # noqa: ARG002
        """As `Keyring.seal`."""
        id_, key, aes = self._of(tenant)
        return sealed.seal(aes, key, os.urandom(sealed.NONCE_BYTES), Place("memory", id_, table, column, row), value)

    def unseal(self, *, tenant: str, table: str, column: str, row: str, envelope: bytes) -> bytes:
        """As `Keyring.unseal`."""
        id_, key, aes = self._of(tenant)
        if sealed.key_id_of(envelope) != key:
            raise SealError("this value was sealed by a key that this organisation does not have")
        return sealed.unseal(aes, Place("memory", id_, table, column, row), bytes(envelope))

    def unseal_many(self, *, tenant: str, values: Iterable[Sealed]) -> list[bytes]:
        """As `Keyring.unseal_many`."""
        return [self.unseal(tenant=tenant, table=each.table, column=each.column, row=each.row, envelope=each.envelope) for each in values]

    def index(self, *, tenant: str, column: str, value: str, values: int | None = None) -> bytes:
        """As `Keyring.index`."""
        id_, _, _ = self._of(tenant)
        return BlindIndex(id_.bytes * 2, id_, column, values=values)(value)

    def wait(self, seconds: float) -> None:
        """It is always there."""

    def _of(self, tenant: str) -> tuple[uuid.UUID, uuid.UUID, AESGCM]:
        if tenant in self.suspended:
            raise KeysSuspended()
        return _keys(tenant)


@cache
def _keys(tenant: str) -> tuple[uuid.UUID, uuid.UUID, AESGCM]:  # noqa: ARG001 - what the answers are told apart by
    return uuid.uuid4(), uuid.uuid4(), AESGCM(os.urandom(sealed.KEY_BYTES))
