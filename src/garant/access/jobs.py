"""What ends by itself: sessions that are over, addresses whose time has come, requests that nobody answered.

Each tenant has its own transaction: what was done for one stays done if another's fails.
"""

from datetime import datetime
from typing import Protocol

from procrastinate.contrib.django import app

from garant.access.service.addresses import expire_due
from garant.access.service.sessions import purge
from garant.identity.queries import tenants
from garant.identity.service import tenant_transaction
from garant.kernel.clock import SystemClock

CLOCK = SystemClock()


class Verb(Protocol):
    """A verb of one tenant that says how many rows it removed."""

    def __call__(self, *, at: datetime) -> int: ...


@app.periodic(cron="* * * * *")
@app.task(name="access.expire_addresses", queue="default", queueing_lock="access.expire_addresses")
def expire_addresses(timestamp: int) -> int:  # noqa: ARG001  procrastinate passes it
    """Every minute, for every tenant; how many rules went."""
    return _for_everyone(expire_due)


@app.periodic(cron="* * * * *")
@app.task(name="access.purge_sessions", queue="default", queueing_lock="access.purge_sessions")
def purge_sessions(timestamp: int) -> int:  # noqa: ARG001
    """Every minute: a session that is over stays open nowhere for longer; how many rows went."""
    return _for_everyone(purge)


def _for_everyone(verb: Verb) -> int:
    done = 0
    for tenant in tenants(canaries=True):
        with tenant_transaction(tenant.id):
            done += verb(at=CLOCK.now())
    return done
