"""What ends by itself: lines of the access journal that are older than the operator keeps them (`journal.days` in garant.toml)."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from procrastinate.contrib.django import app

from garant.edge.models import JournalLine
from garant.identity.service import tenant_transaction
from garant.kernel.clock import SystemClock

log = logging.getLogger(__name__)

CLOCK = SystemClock()
BATCH = 10_000
"""Lines of one transaction: a first purge of a large journal must not hold anything up."""


@app.periodic(cron="23 3 * * *")
@app.task(name="edge.purge_journal", queue="default", queueing_lock="edge.purge_journal")
def purge_journal(timestamp: int) -> int:  # noqa: ARG001  procrastinate passes it
    """Every night; how many lines went."""
    kept = timedelta(days=settings.GARANT.journal_days)
    gone = end_lines(before=CLOCK.now() - kept)
    if gone:
        log.info("%d lines of the access journal were older than %d days.", gone, kept.days)
    return gone


def end_lines(*, before: datetime, batch: int = BATCH) -> int:
    """Delete lines of every tenant up to that moment, oldest first; how many. The database keeps those of the last thirty days."""
    gone = 0
    while True:
        with tenant_transaction(None, scope="operator"):
            oldest = JournalLine.objects.filter(at__lt=before).order_by("at").values("pk")[:batch]
            some = JournalLine.objects.filter(pk__in=oldest).delete()[0]
        gone += some
        if some < batch:
            return gone
