"""When a measure is due, late, or lost. Pure: `now` is an argument.

A run that gave no answer (an error, nothing to check, a missed canary) is tried again after a minute, then after twice the last wait, up
to the cadence: what was busy for a moment does not leave a sentence unproven for hours, and what cannot answer does not fill the log.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from garant.kernel.clock import aware
from garant.kernel.promise import Measure


class Phase(StrEnum):
    """Where a measure stands on its calendar."""

    NEW = "new"
    UP = "up"
    DUE = "due"
    LATE = "late"


RETRY = timedelta(minutes=1)
"""How soon a first run without an answer is tried again."""


def phase(measure: Measure, last_run: datetime | None, now: datetime, *, silent: timedelta | None = None) -> Phase:
    """`new` (never run), `up`, `due` (cadence over, within grace) or `late` (past grace: a person is told).

    `silent`: None when the last run gave an answer; else how long it had been waited for, zero for the first without one. A clock that
    steps back makes a run due at once rather than silently never.
    """
    if last_run is None:
        return Phase.NEW
    age = aware(now) - aware(last_run)
    if age < -measure.cadence:
        return Phase.DUE
    wait = measure.cadence if silent is None else min(measure.cadence, max(RETRY, 2 * silent))
    if age < wait:
        return Phase.UP
    return Phase.DUE if age <= measure.cadence + measure.grace else Phase.LATE


def is_due(measure: Measure, last_run: datetime | None, now: datetime, *, silent: timedelta | None = None) -> bool:
    """Whether the measure should run now."""
    return phase(measure, last_run, now, silent=silent) is not Phase.UP
