"""The main flow with a log in memory: what one measure says, run after run, without a deployment."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from garant.kernel.clock import ManualClock
from garant.kernel.errors import EngineError
from garant.kernel.keep import Kept, keep
from garant.kernel.promise import Canary, Evidence, Keeper, Measure, Observation, Promise


class Runs:
    """`verdict = Runs(at).kept(promise, keeper)`; the runs stay, as the ledger keeps them."""

    def __init__(self, at: datetime) -> None:
        self.clock = ManualClock(at)
        self.log: list[Evidence] = []

    def kept(self, promise: Promise, keeper: Keeper) -> Kept:
        return keep(promise, keeper, record=self._record, publish=lambda kept: None, clock=self.clock)

    def _record(self, promise: Promise, measure: Measure, seen: Observation | EngineError, now: datetime) -> Sequence[Evidence]:
        failed = isinstance(seen, EngineError)
        self.log.append(
            Evidence(
                id=uuid.uuid4().hex,
                promise=promise.identity,
                measure=measure.key,
                observed_at=now,
                received_at=now,
                valid_until=now + measure.freshness,
                checked=0 if failed else seen.checked,
                in_scope=0 if failed else seen.in_scope,
                facts={} if failed else seen.facts,
                canary=Canary.NONE if failed else seen.canary,
                drift=tuple(seen.drift),
                error=str(seen) if failed else None,
                digest="",
                position=len(self.log) + 1,
                error_fr=seen.fr if failed else None,
            )
        )
        return self.log
