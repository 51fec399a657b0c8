"""When a measure is due, late, or lost. Pure: `now` is an argument."""

from datetime import datetime
from enum import StrEnum

from garant.kernel.clock import aware
from garant.kernel.promise import Measure


class Phase(StrEnum):
    """Where a measure stands on its calendar."""

    NEW = "new"
    UP = "up"
    DUE = "due"
    LATE = "late"


def phase(measure: Measure, last_run: datetime | None, now: datetime) -> Phase:
    """`new` (never run), `up`, `due` (cadence over, within grace) or `late` (past grace: a person is told).

    A clock that steps back makes a run due at once rather than silently never.
    """
    if last_run is None:
        return Phase.NEW
    age = aware(now) - aware(last_run)
    if age < -measure.cadence:
        return Phase.DUE
    if age < measure.cadence:
        return Phase.UP
    return Phase.DUE if age <= measure.cadence + measure.grace else Phase.LATE


def is_due(measure: Measure, last_run: datetime | None, now: datetime) -> bool:
    """Whether the measure should run now."""
    return phase(measure, last_run, now) is not Phase.UP
