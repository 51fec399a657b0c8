"""What the worker does about keys, minute by minute: see `service.upkeep`."""

import logging

from procrastinate.contrib.django import app

from garant.kernel.clock import SystemClock
from garant.vault.service.upkeep import database_clock, upkeep

log = logging.getLogger(__name__)

CLOCK = SystemClock()


@app.periodic(cron="* * * * *")
@app.task(name="vault.upkeep", queue="default", queueing_lock="vault.upkeep")
def keep_keys(timestamp: int) -> dict[str, int]:  # noqa: ARG001 - procrastinate passes it
    """Destructions that are due, orders half done, worn keys, the backup of the key store."""
    done = upkeep(at=CLOCK.now(), clock=database_clock)
    if any(done.values()):
        log.info("Keys: %s.", ", ".join(f"{name} {number}" for name, number in done.items()))
    return done
