"""The envelope of a field, `G1`, in two algorithms:

    0x01 | 0x01 | key id (16) | nonce (12) | ciphertext | tag (16)                      46 bytes around the plaintext
    0x01 | 0x02 | key id (16) | salt (24) | commitment (16) | ciphertext | tag (16)     74 bytes

1. Algorithm 0x01 is AES-256-GCM; the associated data pins the value to its place: region, tenant, table, column, row and key id, each
   preceded by its length, since a separator could be forged.
2. The key is chosen by the key id in the envelope, never by trying keys.
3. GCM does not commit to its key: each key has a check value, compared before anything is decrypted with it.
4. Algorithm 0x02 commits to its key by itself, for whatever another party holds the key of (exports, customers' own keys): a fresh key,
   its nonce and the commitment come out of HMAC-SHA512 over a fresh salt. The commitment is compared before anything is decrypted.
5. One call of the system's generator for each envelope: numbers drawn ahead would be drawn twice after a fork.
6. An algorithm that is not known is refused by its number; it is never guessed.

    envelope = seal(AESGCM(key), key_id, os.urandom(12), Place("ca-central", tenant, "person", "email", str(row)), b"...")

For many rows of one column, `Column` prepares what they share. The same code seals in Garant and in the protected application; other
languages have docs/formats.md. Nothing here knows where keys come from.
"""

import hashlib
import hmac
import os
import uuid
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from garant.kernel.errors import GarantError

FORMAT = 1
AES_256_GCM = 1
COMMITTING = 2
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
HEADER_BYTES = 2 + 16
OVERHEAD = HEADER_BYTES + NONCE_BYTES + TAG_BYTES
"""46 bytes."""
SALT_BYTES = 24
COMMITMENT_BYTES = 16
COMMITTING_OVERHEAD = HEADER_BYTES + SALT_BYTES + COMMITMENT_BYTES + TAG_BYTES
"""74 bytes."""

_DERIVATION = b"garant/1/committing\x00"
_BODY = HEADER_BYTES + NONCE_BYTES
_SALTED = HEADER_BYTES + SALT_BYTES
_COMMITTED = _SALTED + COMMITMENT_BYTES


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
    return _associated(place, key_id.bytes)


def check_value(key: bytes) -> bytes:
    """Sixteen bytes by which a key is recognised without telling anything of it."""
    return hmac.new(key, b"garant/kcv", hashlib.sha256).digest()[:16]


def require_key(key: bytes, expected: bytes, name: str) -> None:
    """Refuse `key` unless it is the one whose check value was recorded. Raises SealError, before any decryption."""
    if len(key) != KEY_BYTES or not hmac.compare_digest(check_value(key), expected):
        raise SealError(f"{name} is not the key that its check value names; put the right key store back")


def key_id_of(envelope: bytes) -> uuid.UUID:
    """Which key sealed it. Raises SealError for anything that is not a `G1` envelope of an algorithm known here."""
    algorithm_of(envelope)
    return uuid.UUID(bytes=bytes(envelope[2:HEADER_BYTES]))


def algorithm_of(envelope: bytes) -> int:
    """`AES_256_GCM` or `COMMITTING`. Raises SealError that says what else it is."""
    if len(envelope) < 2 or envelope[0] != FORMAT:
        raise SealError("this is not a sealed value: its form is unknown")
    shortest = {AES_256_GCM: OVERHEAD, COMMITTING: COMMITTING_OVERHEAD}.get(envelope[1])
    if shortest is None:
        raise SealError(f"this value was sealed by algorithm {envelope[1]}, which this version does not know; a later one may open it")
    if len(envelope) < shortest:
        raise SealError("this is not a sealed value: it was cut short")
    return envelope[1]


def seal(key: AESGCM, key_id: uuid.UUID, nonce: bytes, place: Place, plaintext: bytes) -> bytes:
    """The envelope of `plaintext`, algorithm 1. `nonce`: 12 fresh random bytes for every call."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
    return b"\x01\x01" + key_id.bytes + nonce + key.encrypt(nonce, plaintext, associated_data(place, key_id))


def unseal(key: AESGCM, place: Place, envelope: bytes) -> bytes:
    """The plaintext. Raises SealError when one bit changed or when the value was moved from another place."""
    if algorithm_of(envelope) != AES_256_GCM:
        raise SealError("this value commits to its key (algorithm 2); open it with unseal_committing and that key")
    try:
        return key.decrypt(envelope[HEADER_BYTES:_BODY], envelope[_BODY:], _associated(place, envelope[2:HEADER_BYTES]))
    except InvalidTag as error:
        raise SealError() from error


def seal_committing(key: bytes, key_id: uuid.UUID, salt: bytes, place: Place, plaintext: bytes) -> bytes:
    """The envelope of `plaintext`, algorithm 2. `key`: 32 random bytes. `salt`: 24 fresh random bytes for every call."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    fresh, nonce, commitment = _derive(key, salt)
    sealed = AESGCM(fresh).encrypt(nonce, plaintext, associated_data(place, key_id))
    return b"\x01\x02" + key_id.bytes + salt + commitment + sealed


def unseal_committing(key: bytes, place: Place, envelope: bytes) -> bytes:
    """The plaintext of algorithm 2. Raises SealError before decrypting when `key` is not the one that sealed it."""
    if algorithm_of(envelope) != COMMITTING:
        raise SealError("this value does not commit to its key (algorithm 1); where a key comes from another party it must: refused")
    fresh, nonce, commitment = _derive(key, envelope[HEADER_BYTES:_SALTED])
    if not hmac.compare_digest(commitment, envelope[_SALTED:_COMMITTED]):
        raise SealError("this value was not sealed by the key that was given")
    try:
        return AESGCM(fresh).decrypt(nonce, envelope[_COMMITTED:], _associated(place, envelope[2:HEADER_BYTES]))
    except InvalidTag as error:
        raise SealError() from error


class Column:
    """One column of one tenant under one key, algorithm 1: what its rows share is prepared once. Safe to share between threads.

    The envelopes are those of `seal` and `unseal`, at less than half their price.
    """

    __slots__ = ("_after_row", "_before_row", "_decrypt", "_encrypt", "_header")

    def __init__(self, key: AESGCM, key_id: uuid.UUID, *, region: str, tenant: uuid.UUID, table: str, column: str) -> None:
        self._encrypt, self._decrypt = key.encrypt, key.decrypt
        self._header = b"\x01\x01" + key_id.bytes
        self._before_row = _before_row(region, tenant.int, table, column)
        self._after_row = _part(key_id.bytes)

    def seal(self, row: str, plaintext: bytes) -> bytes:
        """The envelope of `plaintext` in this row; it draws its own nonce."""
        name, nonce = row.encode(), os.urandom(12)
        data = self._before_row + _LENGTHS[len(name)] + name + self._after_row
        return self._header + nonce + self._encrypt(nonce, plaintext, data)

    def unseal(self, row: str, envelope: bytes) -> bytes:
        """The plaintext of this row. Raises SealError as `unseal` does, and when another key than this column's sealed it."""
        if envelope[:18] != self._header:
            self._refuse(envelope)
        name = row.encode()
        try:
            return self._decrypt(envelope[18:30], envelope[30:], self._before_row + _LENGTHS[len(name)] + name + self._after_row)
        except (InvalidTag, ValueError) as error:
            raise SealError() from error

    def _refuse(self, envelope: bytes) -> None:
        if algorithm_of(envelope) != AES_256_GCM:
            raise SealError("this value commits to its key (algorithm 2); open it with unseal_committing and that key")
        raise SealError(f"this value was sealed by key {key_id_of(envelope)}, not by the key of this column")


def _associated(place: Place, key_id: bytes) -> bytes:
    return _before_row(place.region, place.tenant.int, place.table, place.column) + _part(place.row.encode()) + _part(key_id)


class _Lengths(dict[int, bytes]):
    """Lengths of parts as they are written: looked up in a table where they are short."""

    def __missing__(self, length: int) -> bytes:
        return length.to_bytes(4, "big")


_LENGTHS = _Lengths({length: length.to_bytes(4, "big") for length in range(256)})


@lru_cache(maxsize=4096)
def _before_row(region: str, tenant: int, table: str, column: str) -> bytes:
    parts = (b"garant/1", region.encode(), tenant.to_bytes(16, "big"), table.encode(), column.encode())
    return b"".join(map(_part, parts))


def _part(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def _derive(key: bytes, salt: bytes) -> tuple[bytes, bytes, bytes]:
    """Key, nonce and commitment of one envelope."""
    if len(key) != KEY_BYTES:
        raise SealError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
    made = hmac.digest(key, _DERIVATION + salt, "sha512")
    return made[:32], made[32:44], made[44:60]
