"""The main flow, in five words: apply, observe, record, judge, publish.

- **apply**: the engine is brought to the promised state;
- **observe**: the engine reports facts, never a judgement;
- **record**: the evidence enters the log, before anything is said of it;
- **judge**: a pure function of promise, evidence and time gives a verdict;
- **publish**: the trust page shows it, beside its claim.

The clock is read once. `EngineError` is the only error caught here: it is recorded as a failed run, and the rule makes it `stale`
when something was proven before, else `unproven`. Any other error is a defect and stops the run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from garant.kernel.clock import Clock
from garant.kernel.errors import EngineError
from garant.kernel.promise import Evidence, Keeper, Measure, Observation, Promise
from garant.kernel.verdicts import Verdict, judge_measure

Record = Callable[[Promise, Measure, Observation | EngineError, datetime], Sequence[Evidence]]
"""Appends this run to the log and gives back the runs that the verdict may rest on, this one among them."""


@dataclass(frozen=True)
class Kept:
    """One turn of the flow."""

    promise: Promise
    measure: Measure
    verdict: Verdict
    evidence: Evidence
    decided_at: datetime


Publish = Callable[[Kept], None]


def keep(promise: Promise, keeper: Keeper, *, record: Record, publish: Publish, clock: Clock) -> Kept:
    """Keep one promise by one keeper, once. `kept` never comes out without an entry in the log."""
    now = clock.now()
    seen = _look(promise, keeper)
    runs = record(promise, keeper.measure, seen, now)
    verdict = judge_measure(promise, keeper.measure, keeper.judge, runs, now)
    newest = max(runs, key=lambda run: run.position)
    kept = Kept(promise, keeper.measure, verdict, newest, now)
    publish(kept)
    return kept


def _look(promise: Promise, keeper: Keeper) -> Observation | EngineError:
    drift: Sequence[str] = ()
    try:
        drift = keeper.engine.apply(promise)
        seen = keeper.engine.observe(promise)
    except EngineError as error:
        error.drift = (*error.drift, *drift)
        return error
    return replace(seen, drift=(*drift, *seen.drift))
