"""Sealing and opening values, and the verbs on keys.

    root (file) -> tenant key (file) -> data keys (wrapped, in the database) -> envelope G1

Every use asks the database for the tenant's state and epoch: once `suspend` has committed, no process decrypts any more, whatever it
remembers; and when the database cannot be asked, nothing is decrypted. Verbs run inside the caller's tenant transaction: row security
shows only that tenant's keys.

- `sealing`: seal, unseal, and `lease` a key to the keyring of applications;
- `keys`: make and rotate;
- `watch`: is a key where none may be?
- `states`: may a key be used, suspend and resume.
"""

from garant.sdk.envelope import SealError
from garant.vault.policy.stray import Stray
from garant.vault.service.keys import DEFAULT_CLASS, make_data_key, make_root, make_tenant_keys, rotate
from garant.vault.service.sealing import Leased, lease, seal, unseal
from garant.vault.service.states import KeySuspended, UnknownKey, epoch, resume, suspend
from garant.vault.service.watch import stray_keys

__all__ = [
    "DEFAULT_CLASS",
    "KeySuspended",
    "Leased",
    "SealError",
    "Stray",
    "UnknownKey",
    "epoch",
    "lease",
    "make_data_key",
    "make_root",
    "make_tenant_keys",
    "resume",
    "rotate",
    "seal",
    "stray_keys",
    "suspend",
    "unseal",
]
