"""What time and killed processes leave to do about keys: terms that are over, orders half carried out, worn keys, a daily backup.

Every step is a transaction of its own and may be done again; one organisation that fails does not hold up the others.
"""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection

from garant.kernel.errors import GarantError, Refused
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
APART = timedelta(minutes=5)
"""How far two clocks may be apart when keys are destroyed for ever."""


def upkeep(*, at: datetime, clock: Callable[[], datetime] | None = None) -> dict[str, int]:
    """Everything that is due; how many of each: `ended`, `finished`, `rotated`, `failed`. `clock`: another, without which none is ended."""
    done = {"ended": 0, "finished": 0, "rotated": 0, "failed": 0}
    keys = store()
    keys.finish_rotation()
    replay_store(at=at)
    for tenant in keys.tenants():
        try:
            done["ended"] += end_due(tenant, at=at, clock=clock)
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


def database_clock() -> datetime:
    """What time it is for the database."""
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found


def end_due(tenant: uuid.UUID, *, at: datetime, clock: Callable[[], datetime] | None = None) -> bool:
    """Destroy the keys of a tenant whose term is over; False when nothing is due."""
    with tenant_rows(tenant):
        if not due(tenant=tenant, at=at):
            return False
        if clock is not None and abs((other := clock()) - at) > APART:
            raise Refused(f"nothing is destroyed: this machine says {at:%Y-%m-%d %H:%M}, the database {other:%Y-%m-%d %H:%M}")
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
