"""Runs and measures for tests of the rule: small, explicit, no database."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from garant.kernel.canonical import Json
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Evidence, Finding, Keeper, Measure, Method, Observation, Promise
from garant.kernel.text import Text, count, same

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

PROMISE = Promise("test.door", {"side": "front"})


def measure(
    key: str = "door", *, canary: bool = False, freshness: timedelta = 2 * HOUR, vantage: str = "host", stand_in: Text | None = None
) -> Measure:
    return Measure(
        key,
        Text("Porte fermée", "Door shut"),
        Method.TEST,
        cadence=HOUR,
        grace=timedelta(minutes=10),
        freshness=freshness,
        canary=canary,
        vantage=vantage,
        stand_in=stand_in,
    )


def run(
    answer: bool | None = True,
    *,
    at: datetime = NOON,
    checked: int = 3,
    in_scope: int = 3,
    canary: Canary = Canary.NONE,
    error: str | None = None,
    error_fr: str | None = None,
    drift: Sequence[str] = (),
    position: int = 1,
    received_at: datetime | None = None,
    valid_for: timedelta = 24 * HOUR,
) -> Evidence:
    """One recorded run; `answer` is what `judge` will read in its facts."""
    name = f"{at.isoformat()}/{position}"
    return Evidence(
        id=name,
        promise=PROMISE.identity,
        measure="door",
        observed_at=at,
        received_at=received_at or at,
        valid_until=at + valid_for,
        checked=checked,
        in_scope=in_scope,
        facts={"answer": answer},
        canary=canary,
        drift=tuple(drift),
        error=error,
        error_fr=error_fr,
        digest="0" * 64,
        position=position,
    )


def judge(promise: Promise, evidence: Evidence) -> Finding:
    """Reads the answer in the facts: true, false, or null for inconclusive."""
    answer = evidence.facts["answer"]
    said = {True: "Toutes sont fermées.", False: "Une porte est ouverte.", None: "Rien ne permet de conclure."}
    told = {True: "All are shut.", False: "A door is open.", None: "Nothing allows a conclusion."}
    holds = None if answer is None else bool(answer)
    return Finding(holds, count(evidence.checked), Text("portes vues", "doors seen"), Text(said[holds], told[holds]))


class Door:
    """An engine that says what it is told to: `answer`, or an EngineError that says `failure`."""

    def __init__(self, answer: bool | None = True) -> None:
        self.answer = answer
        self.failure: str | Text = ""
        self.failure_on_apply = ""
        self.canary = Canary.NONE
        self.drift: tuple[str, ...] = ()
        self.checked = 3
        self.in_scope = 3
        self.calls: list[str] = []

    def apply(self, promise: Promise) -> Sequence[str]:
        self.calls.append("apply")
        if self.failure_on_apply:
            raise EngineError(self.failure_on_apply)
        return self.drift

    def observe(self, promise: Promise) -> Observation:
        self.calls.append("observe")
        if self.failure:
            raise EngineError(self.failure)
        facts: Mapping[str, Json] = {"answer": self.answer, "side": promise.parameters.get("side", "")}
        return Observation(self.checked, self.in_scope, facts, self.canary)


def keeper(engine: Door | None = None, **options: object) -> Keeper:
    """A keeper of one door; options go to `measure`."""
    return Keeper(measure(**options), engine or Door(), judge)  # type: ignore[arg-type]


__all__ = ["HOUR", "NOON", "PROMISE", "Door", "judge", "keeper", "measure", "run", "same"]
