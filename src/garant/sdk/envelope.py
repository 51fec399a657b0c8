"""The envelope of a field, `G1` (46 bytes around the plaintext):

    0x01 | algorithm (1) | key id (16) | nonce (12) | ciphertext | tag (16)

1. Algorithm 0x01 is AES-256-GCM; the associated data pins the value to its place: region, tenant, table, column, row and key id, each
   preceded by its length, since a separator could be forged.
2. The key is chosen by the key id in the envelope, never by trying keys.
3. GCM does not commit to its key: each key has a check value, compared before anything is decrypted with it.

    envelope = seal(AESGCM(key), key_id, os.urandom(12), Place("ca-central", tenant, "person", "email", str(row)), b"...")

The same code seals in Garant and in the protected application. Nothing here knows where keys come from.
"""

import hashlib
import hmac
import uuid
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from garant.kernel.errors import GarantError

FORMAT = 1
AES_256_GCM = 1
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
HEADER_BYTES = 2 + 16
OVERHEAD = HEADER_BYTES + NONCE_BYTES + TAG_BYTES
"""46 bytes."""


class SealError(GarantError):
    """The sealed value is damaged, or is not the one of this place."""


@dataclass(frozen=True)
class Place:
    """Where a sealed value lives. `row`: the stable key of its row, chosen before the insert."""

    region: str
    tenant: uuid.UUID
    table: str
    column: str
    row: str


def associated_data(place: Place, key_id: uuid.UUID) -> bytes:
    """What is authenticated beside the ciphertext: every part of the place and the key, length-prefixed (4 bytes, big endian)."""
    parts = (
        b"garant/1",
        place.region.encode(),
        place.tenant.bytes,
        place.table.encode(),
        place.column.encode(),
        place.row.encode(),
        key_id.bytes,
    )
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def check_value(key: bytes) -> bytes:
    """Sixteen bytes by which a key is recognised without telling anything of it."""
    return hmac.new(key, b"garant/kcv", hashlib.sha256).digest()[:16]


def require_key(key: bytes, expected: bytes, name: str) -> None:
    """Refuse `key` unless it is the one whose check value was recorded. Raises SealError, before any decryption."""
    if len(key) != KEY_BYTES or not hmac.compare_digest(check_value(key), expected):
        raise SealError(f"{name} is not the key that its check value names; put the right key store back")


def seal(key: AESGCM, key_id: uuid.UUID, nonce: bytes, place: Place, plaintext: bytes) -> bytes:
    """The envelope of `plaintext`. `nonce`: 12 fresh random bytes for every call."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
    header = bytes((FORMAT, AES_256_GCM)) + key_id.bytes
    return header + nonce + key.encrypt(nonce, plaintext, associated_data(place, key_id))


def key_id_of(envelope: bytes) -> uuid.UUID:
    """Which key sealed it. Raises SealError for anything that is not a `G1` envelope."""
    if len(envelope) < OVERHEAD or envelope[0] != FORMAT or envelope[1] != AES_256_GCM:
        raise SealError("this is not a sealed value: its form is unknown")
    return uuid.UUID(bytes=bytes(envelope[2:HEADER_BYTES]))


def unseal(key: AESGCM, place: Place, envelope: bytes) -> bytes:
    """The plaintext. Raises SealError when one bit changed or when the value was moved from another place."""
    key_id = key_id_of(envelope)
    nonce = envelope[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES]
    try:
        return key.decrypt(nonce, envelope[HEADER_BYTES + NONCE_BYTES :], associated_data(place, key_id))
    except InvalidTag as error:
        raise SealError() from error
