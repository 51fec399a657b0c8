"""States of keys."""

from enum import StrEnum


class KeyState(StrEnum):
    """What a data key may still do."""

    ACTIVE = "active"
    DECRYPT_ONLY = "decrypt_only"
    SUSPENDED = "suspended"
    DESTROYED = "destroyed"


DECRYPTS = frozenset({KeyState.ACTIVE, KeyState.DECRYPT_ONLY})
