"""What must be measured, and when: from the statements in force, the registry and the last run of each measure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from garant.kernel.promise import Keeper, Measure, Promise
from garant.kernel.schedule import Phase, phase
from garant.statement.policy.binding import Registry, kept_pairs
from garant.statement.policy.document import Document
from garant.statement.queries.verdicts import newest_rows, silences

KEEP = "keep"
PROBE = "probe"
OUTSIDE = ("edge", "browser")
"""Vantages whose measures run in the prober: through the public door, not beside the database."""


@dataclass(frozen=True)
class Due:
    """One measure of one promise and where it stands on its calendar."""

    promise: Promise
    keeper: Keeper
    phase: Phase
    last_run: datetime | None

    @property
    def measure(self) -> Measure:
        return self.keeper.measure

    @property
    def queue(self) -> str:
        return PROBE if self.measure.vantage in OUTSIDE else KEEP


def upcoming(registry: Registry, documents: Iterable[Document], now: datetime) -> list[Due]:
    """Every measure with its phase, in the order of the documents."""
    pairs = kept_pairs(documents, registry)
    rows = newest_rows(pairs.keys())
    silent = silences(rows)
    made = []
    for pair, (promise, keeper) in pairs.items():
        last = rows[pair].decided_at if pair in rows else None
        made.append(Due(promise, keeper, phase(keeper.measure, last, now, silent=silent.get(pair)), last))
    return made


def due(registry: Registry, documents: Iterable[Document], now: datetime, *, queue: str | None = None) -> list[Due]:
    """The measures that should run now, of one queue or of all."""
    found = upcoming(registry, documents, now)
    return [each for each in found if each.phase is not Phase.UP and queue in (None, each.queue)]
