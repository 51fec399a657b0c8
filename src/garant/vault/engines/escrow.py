"""People who hold shares: an X25519 key each, kept offline. A share is sealed to one of them by HPKE (RFC 9180, X25519, AES-256-GCM).

recipient   garant-share:<base64url of the public key>     in garant.toml
identity    garant-share-secret:<base64url of the secret>  in a file that its holder keeps away from this machine
"""

import base64
import binascii
import os
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from garant.kernel.errors import InputError
from garant.vault.policy import KEY_BYTES, shamir

PUBLIC, SECRET = "garant-share:", "garant-share-secret:"
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
SHARE = re.compile(r"garant-share-(\d{1,3})-([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class Escrow:
    """Who can bring keys back: `threshold` of `recipients`. None at all: keys pending destruction are set aside, by procedure alone."""

    recipients: tuple[str, ...] = ()
    threshold: int = 2


@dataclass(frozen=True)
class SealedShare:
    """One share, sealed to one recipient."""

    number: int
    recipient: str
    sealed: bytes


def make_identity() -> tuple[str, str]:
    """A new identity and its recipient."""
    key = X25519PrivateKey.generate()
    return SECRET + _text(key.private_bytes_raw()), PUBLIC + _text(key.public_key().public_bytes_raw())


def public(recipient: str) -> X25519PublicKey:
    """The public key of a recipient. Raises InputError."""
    return X25519PublicKey.from_public_bytes(_raw(recipient, PUBLIC, "a recipient"))


def seal_shares(secret: bytes, escrow: Escrow, tenant: uuid.UUID) -> tuple[SealedShare, ...]:
    """The shares of `secret`, each sealed to its recipient. Raises InputError when the threshold cannot be met."""
    n = len(escrow.recipients)
    if len(set(escrow.recipients)) != n or not 2 <= escrow.threshold <= n:
        raise InputError(
            f"vault.threshold is {escrow.threshold} of {n} recipients; name different people, and 2 at least of them as threshold"
        )
    shares = shamir.split(secret, k=escrow.threshold, n=n, coefficients=os.urandom((escrow.threshold - 1) * len(secret)))
    return tuple(
        SealedShare(number, recipient, SUITE.encrypt(shares[number], public(recipient), info=_info(tenant, number)))
        for number, recipient in enumerate(escrow.recipients, 1)
    )


def open_share(identity: str, sealed: Sequence[SealedShare], tenant: uuid.UUID) -> str:
    """The share that was sealed to this identity, as text. Raises InputError when none was."""
    key = X25519PrivateKey.from_private_bytes(_raw(identity, SECRET, "an identity"))
    mine = PUBLIC + _text(key.public_key().public_bytes_raw())
    for each in sealed:
        if each.recipient == mine:
            try:
                return f"garant-share-{each.number}-{_text(SUITE.decrypt(each.sealed, key, info=_info(tenant, each.number)))}"
            except InvalidTag as error:
                raise InputError(f"the share of {mine} is damaged or belongs to another organisation") from error
    raise InputError(f"no share was sealed to {mine}")


def joined(shares: Sequence[str]) -> bytes:
    """The secret that enough shares give back; compare its check value. Raises InputError."""
    parts: dict[int, bytes] = {}
    for text in shares:
        found = SHARE.fullmatch(text.strip())
        if found is None:
            raise InputError("this is not a share: write what `garant key share` printed (garant-share-…)")
        parts[int(found[1])] = _decoded(found[2])
    if len(parts) < 2:
        raise InputError("one share opens nothing: give those of as many people as the threshold says, at least two")
    return shamir.join(parts)


def as_rows(shares: Sequence[SealedShare]) -> Sequence[tuple[int, str, bytes]]:
    """As the key store keeps them."""
    return [(each.number, each.recipient, each.sealed) for each in shares]


def _info(tenant: uuid.UUID, number: int) -> bytes:
    return f"garant/share/{tenant}/{number}".encode()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _raw(text: str, prefix: str, name: str) -> bytes:
    try:
        raw = _decoded(text.strip().removeprefix(prefix))
    except (binascii.Error, ValueError) as error:
        raise InputError(f"this is not {name}: write {prefix} and 43 signs") from error
    if not text.strip().startswith(prefix) or len(raw) != KEY_BYTES:
        raise InputError(f"this is not {name}: write {prefix} and 43 signs (`garant key identity` makes both)")
    return raw
