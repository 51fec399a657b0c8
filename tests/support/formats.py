"""A second decoder and encoder of the formats, written from docs/formats.md with primitives alone: nothing of `garant` is imported.

What it opens was written as the page says; whoever writes one in another language may begin by translating it.
"""

import hashlib
import hmac
import unicodedata
import uuid

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 16_384


def parts(*each: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in each)


def place_parts(place: dict[str, str]) -> list[bytes]:
    return [
        place["region"].encode(),
        uuid.UUID(place["tenant"]).bytes,
        place["table"].encode(),
        place["column"].encode(),
        place["row"].encode(),
    ]


def envelope_seal(algorithm: int, key: bytes, key_id: str, fresh: bytes, place: dict[str, str], plaintext: bytes) -> bytes:
    """`fresh`: the nonce (algorithm 1) or the salt (2)."""
    named = uuid.UUID(key_id).bytes
    data = parts(b"garant/1", *place_parts(place), named)
    if algorithm == 1:
        return b"\x01\x01" + named + fresh + AESGCM(key).encrypt(fresh, plaintext, data)
    made = hmac.new(key, b"garant/1/committing\x00" + fresh, hashlib.sha512).digest()
    return b"\x01\x02" + named + fresh + made[44:60] + AESGCM(made[:32]).encrypt(made[32:44], plaintext, data)


def envelope_open(key: bytes, place: dict[str, str], envelope: bytes) -> bytes:
    assert envelope[0] == 1
    data = parts(b"garant/1", *place_parts(place), envelope[2:18])
    if envelope[1] == 1:
        return AESGCM(key).decrypt(envelope[18:30], envelope[30:], data)
    assert envelope[1] == 2
    made = hmac.new(key, b"garant/1/committing\x00" + envelope[18:42], hashlib.sha512).digest()
    assert made[44:60] == envelope[42:58], "another key"
    return AESGCM(made[:32]).decrypt(made[32:44], envelope[58:], data)


def expand(key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand of RFC 5869 with SHA-512."""
    made, block, number = b"", b"", 0
    while len(made) < length:
        number += 1
        block = hmac.new(key, block + info + bytes((number,)), hashlib.sha512).digest()
        made += block
    return made[:length]


def cobblestone_keys(key: bytes, salt: bytes, context: bytes) -> tuple[AESGCM, int, bytes]:
    made = expand(key, b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00" + salt + context, 76)
    return AESGCM(made[:32]), int.from_bytes(made[32:44], "big"), made[44:]


def cobblestone_seal(key: bytes, salt: bytes, context: bytes, plaintext: bytes) -> bytes:
    aead, base, commitment = cobblestone_keys(key, salt, context)
    made = salt + commitment
    for number in range(len(plaintext) // CHUNK + 1):
        chunk = plaintext[number * CHUNK : (number + 1) * CHUNK]
        made += aead.encrypt((base ^ number).to_bytes(12, "big"), chunk, None)
    return made


def cobblestone_open(key: bytes, context: bytes, message: bytes) -> bytes:
    aead, base, commitment = cobblestone_keys(key, message[:24], context)
    assert commitment == message[24:56], "another key or context"
    body, made, number = message[56:], b"", 0
    while True:
        chunk, body = body[: CHUNK + 16], body[CHUNK + 16 :]
        made += aead.decrypt((base ^ number).to_bytes(12, "big"), chunk, None)
        number += 1
        if len(chunk) < CHUNK + 16:
            assert not body
            return made


def stream_context(place: dict[str, str], key_id: str) -> bytes:
    return parts(b"garant/1/stream", *place_parts(place), uuid.UUID(key_id).bytes)


def stream_seal(key: bytes, key_id: str, salt: bytes, place: dict[str, str], plaintext: bytes) -> bytes:
    return b"\x01\x03" + uuid.UUID(key_id).bytes + cobblestone_seal(key, salt, stream_context(place, key_id), plaintext)


def stream_open(key: bytes, place: dict[str, str], sealed: bytes) -> bytes:
    assert sealed[:2] == b"\x01\x03"
    return cobblestone_open(key, stream_context(place, str(uuid.UUID(bytes=sealed[2:18]))), sealed[18:])


def blind_index(key: bytes, tenant: str, column: str, length: int, value: str) -> bytes:
    info = parts(b"garant/1/index", uuid.UUID(tenant).bytes, column.encode())
    extracted = hmac.new(bytes(32), key, hashlib.sha256).digest()
    derived = hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()
    folded = unicodedata.normalize("NFKC", value).casefold().encode()
    return hmac.new(derived, folded, hashlib.sha256).digest()[:length]
