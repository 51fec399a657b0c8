"""Wrapping one key under another, and the names of classes of keys.

A key is only ever kept wrapped under another one, with a label that names both. The envelope of a field is in `garant.sdk.envelope`.
"""

import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from garant.kernel.errors import InputError
from garant.sdk.envelope import NONCE_BYTES, SealError

CLASS_LENGTH = 60
_CLASS = re.compile(r"[a-z][a-z0-9_.-]*(?::[a-z0-9-]+)?")


def wrap(under: bytes, nonce: bytes, label: str, key: bytes) -> bytes:
    """`key` encrypted under another one; `label` names both and is authenticated."""
    return nonce + AESGCM(under).encrypt(nonce, key, label.encode())


def unwrap(under: bytes, label: str, wrapped: bytes) -> bytes:
    """The key in `wrapped`. Raises SealError when the label or a bit differs."""
    try:
        return AESGCM(under).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], label.encode())
    except (InvalidTag, ValueError) as error:
        raise SealError(f"{label} cannot be unwrapped: it is damaged or was wrapped under another key") from error


def checked_class(name: str) -> str:
    """`name`, if a key may have it. Raises InputError."""
    if len(name) > CLASS_LENGTH or not _CLASS.fullmatch(name):
        raise InputError(
            f"{name!r} is not a class of keys: write a word of small letters, digits, _ . and -, or word:detail as in subject:<uuid>, "
            f"at most {CLASS_LENGTH} signs"
        )
    return name
