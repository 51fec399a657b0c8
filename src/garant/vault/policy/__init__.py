"""Rules of keys: pure. Random bytes and the time are arguments."""

from garant.sdk.envelope import KEY_BYTES, NONCE_BYTES, SealError, check_value, require_key
from garant.vault.policy.states import DECRYPTS, KeyState
from garant.vault.policy.wrapping import checked_class, unwrap, wrap

__all__ = [
    "DECRYPTS",
    "KEY_BYTES",
    "NONCE_BYTES",
    "KeyState",
    "SealError",
    "check_value",
    "checked_class",
    "require_key",
    "unwrap",
    "wrap",
]
