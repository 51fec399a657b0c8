"""Sealing and opening values, and the verbs on keys.

    root (file) -> tenant key (file) -> data keys (wrapped, in the database) -> envelope G1

Every use asks the database for the tenant's state and epoch: once `suspend` has committed, no process decrypts any more, whatever it
remembers; and when the database cannot be asked, nothing is decrypted. Verbs run inside the caller's tenant transaction: row security
shows only that tenant's keys.

- `sealing`: seal, unseal, and `lease` a key to the keyring of applications;
- `applications`: what the keyring gives to the protected application: its keys, or sealed and opened batches;
- `keys`: make and rotate;
- `roots`: what protects the root, and what that can promise;
- `watch`: is a key where none may be?
- `states`: may a key be used, suspend and resume.
"""

from garant.sdk.envelope import SealError
from garant.vault.engines.roots import RootGone, RootUnavailable
from garant.vault.policy.stray import Stray
from garant.vault.service.applications import NotForApplications, Sealable, index_values, lease_to_application, seal_values, unseal_values
from garant.vault.service.gate import BroughtBack
from garant.vault.service.keys import DEFAULT_CLASS, make_data_key, make_root, make_tenant_keys
from garant.vault.service.roots import root_attestation
from garant.vault.service.rotation import rotate, rotate_root, rotate_tenant_key, rotate_worn
from garant.vault.service.sealing import Leased, lease, seal, unseal
from garant.vault.service.states import KeySuspended, UnknownKey, epoch
from garant.vault.service.watch import stray_keys

__all__ = [
    "DEFAULT_CLASS",
    "BroughtBack",
    "KeySuspended",
    "Leased",
    "NotForApplications",
    "RootGone",
    "RootUnavailable",
    "SealError",
    "Sealable",
    "Stray",
    "UnknownKey",
    "epoch",
    "index_values",
    "lease",
    "lease_to_application",
    "make_data_key",
    "make_root",
    "make_tenant_keys",
    "root_attestation",
    "rotate",
    "rotate_root",
    "rotate_tenant_key",
    "rotate_worn",
    "seal",
    "seal_values",
    "stray_keys",
    "unseal",
    "unseal_values",
]
