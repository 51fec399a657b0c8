"""Sealing and opening values, and the verbs on keys.

    root (file) -> tenant key (file) -> data keys (wrapped, in the database) -> envelope G1

Every use asks the database for the tenant's state and epoch: once `suspend` has committed, no process decrypts any more, whatever it
remembers; and when the database cannot be asked, nothing is decrypted. Verbs run inside the caller's tenant transaction: row security
shows only that tenant's keys.

- `sealing`: seal, unseal, and `lease` a key to the keyring of applications;
- `applications`: what the keyring gives to the protected application: its keys, or sealed and opened batches;
- `keys`, `rotation`, `counting`: make keys, rotate them, count what they seal: routine, nobody is asked;
- `orders`, `states`, `destruction`: suspend, resume, destroy: two people, a dry run, the log before the act;
- `gate`, `restoring`: nothing that a restore brought back is decrypted;
- `roots`: what protects the root, and what that can promise;
- `upkeep`: what time and killed processes leave to do; `watch`: is a key where none may be?
"""

from garant.sdk.envelope import SealError
from garant.vault.engines.roots import RootGone, RootUnavailable
from garant.vault.policy.stray import Stray
from garant.vault.service.applications import NotForApplications, Sealable, index_values, lease_to_application, seal_values, unseal_values
from garant.vault.service.gate import BroughtBack
from garant.vault.service.keys import DEFAULT_CLASS, OWN_CLASS, make_data_key, make_root, make_tenant_keys, sealed_as
from garant.vault.service.orders import approve, begin, carry_out, place, withdraw
from garant.vault.service.restoring import rebuild_log, replay, replay_store, restore_key_store, save_key_store
from garant.vault.service.roots import former_protector, root_attestation, root_left_behind
from garant.vault.service.rotation import finish_forgetting, move_root, rotate, rotate_root, rotate_tenant_key, rotate_worn
from garant.vault.service.sealing import Leased, lease, seal, unseal
from garant.vault.service.states import KeySuspended, UnknownKey, confirmed_epoch, epoch
from garant.vault.service.watch import stray_keys

__all__ = [
    "DEFAULT_CLASS",
    "OWN_CLASS",
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
    "approve",
    "begin",
    "carry_out",
    "confirmed_epoch",
    "epoch",
    "finish_forgetting",
    "former_protector",
    "index_values",
    "lease",
    "lease_to_application",
    "make_data_key",
    "make_root",
    "make_tenant_keys",
    "move_root",
    "place",
    "rebuild_log",
    "replay",
    "replay_store",
    "restore_key_store",
    "root_attestation",
    "root_left_behind",
    "rotate",
    "rotate_root",
    "rotate_tenant_key",
    "rotate_worn",
    "save_key_store",
    "seal",
    "seal_values",
    "sealed_as",
    "stray_keys",
    "unseal",
    "unseal_values",
    "withdraw",
]
