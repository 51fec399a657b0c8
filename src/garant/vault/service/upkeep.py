"""What time and killed processes leave to do about keys: terms that are over, orders half carried out, worn keys, a daily backup.

Every step is a transaction of its own and may be done again; one organisation that fails does not hold up the others.
"""

import logging
import uuid
from datetime import datetime

from garant.kernel.errors import GarantError
from garant.vault.models import KeyOrder
from garant.vault.policy.states import Verb
from garant.vault.service.destruction import begin_end, carry_out_end, due
from garant.vault.service.orders import carry_out
from garant.vault.service.restoring import replay_store, save_if_due
from garant.vault.service.rotation import finish_forgetting, rotate_worn
from garant.vault.service.rows import tenant_rows
from garant.vault.service.setting import backups, store
from garant.vault.service.states import KeySuspended, UnknownKey

log = logging.getLogger(__name__)
ACTOR = "system:worker"


def upkeep(*, at: datetime) -> dict[str, int]:
    """Everything that is due; how many of each: `ended`, `finished`, `rotated`, `failed`."""
    done = {"ended": 0, "finished": 0, "rotated": 0, "failed": 0}
    keys = store()
    keys.finish_rotation()
    replay_store(at=at)
    for tenant in keys.tenants():
        try:
            done["ended"] += end_due(tenant, at=at)
            done["finished"] += finish_orders(tenant, at=at)
            with tenant_rows(tenant):
                done["rotated"] += rotate_worn(tenant=tenant, at=at, actor=ACTOR)
        except (KeySuspended, UnknownKey):
            continue
        except GarantError as error:
            log.error("The keys of tenant %s could not be looked after: %s", tenant, error)
            done["failed"] += 1
    keys.rotate_if_owed()
    if (directory := backups()) is not None:
        try:
            with tenant_rows(None, scope="operator"):
                save_if_due(directory=directory, at=at, actor=ACTOR)
        except GarantError as error:
            log.error("%s", error)
            done["failed"] += 1
    return done


def end_due(tenant: uuid.UUID, *, at: datetime) -> bool:
    """Destroy the keys of a tenant whose term is over; False when nothing is due."""
    with tenant_rows(tenant):
        if not due(tenant=tenant, at=at):
            return False
        begin_end(tenant=tenant, at=at, actor=ACTOR)
    with tenant_rows(tenant):
        carry_out_end(tenant=tenant, at=at, actor=ACTOR)
    log.warning("The keys of tenant %s are destroyed: their term was over.", tenant)
    return True


def finish_orders(tenant: uuid.UUID, *, at: datetime) -> int:
    """Finish orders that a killed process left half done; a cancellation waits for its people. How many."""
    with tenant_rows(tenant):
        left = list(KeyOrder.objects.filter(tenant_id=tenant, state="begun").exclude(verb=Verb.CANCEL).values_list("pk", flat=True))
    for order in left:
        with tenant_rows(tenant):
            carry_out(tenant=tenant, order=order, at=at, actor=ACTOR)
    with tenant_rows(tenant):
        return len(left) + finish_forgetting(tenant=tenant)
