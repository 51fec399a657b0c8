"""Jobs: what ends by the time alone. Each tenant in its own transaction; what fails for one does not stop the others."""

import logging

from procrastinate.contrib.django import app

from garant.access.service import expire_due
from garant.access.service.sessions import purge
from garant.identity.queries import tenants
from garant.identity.service import tenant_transaction
from garant.kernel.clock import SystemClock

log = logging.getLogger(__name__)

CLOCK = SystemClock()


@app.periodic(cron="* * * * *")
@app.task(name="access.expire", queue="keep", queueing_lock="access.expire")
def expire(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    """Address rules and requests that have ended leave the edge (ASO-35, ASO-36); sessions that have ended leave the table."""
    with tenant_transaction(None):
        everyone = tenants()
    for tenant in everyone:
        with tenant_transaction(tenant.id):
            ended = expire_due(at=CLOCK.now())
            gone = purge(at=CLOCK.now())
        if ended or gone:
            log.info("%s: %s address rules or requests and %s sessions have ended.", tenant.slug, ended, gone)
