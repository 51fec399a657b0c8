"""What is promised, how it is measured, and what an engine reports.

    Statement > Claim > Promise (a control's key with parameters) > Measure > Evidence > Verdict

A `Promise` is a pure value. A `Keeper` is the engine and the judge of *one* measure. A part of a promise that nobody measures is an
`Unmeasured`: it stands beside the others in the registry and keeps the claim `unproven`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from garant.kernel.canonical import Json, digest
from garant.kernel.clock import aware
from garant.kernel.text import Text


@dataclass(frozen=True)
class Promise:
    """A control's key with its parameters, e.g. `access.network {"limit_seconds": 2}`. Two claims may share one."""

    key: str
    parameters: Mapping[str, Json] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """Stable name of this promise: the key and twelve digits of the digest of its parameters."""
        return f"{self.key}#{digest(self.parameters)[:12]}"

    def __hash__(self) -> int:
        return hash(self.identity)


class Method(StrEnum):
    """How a fact is come by (NIST SP 800-53A)."""

    TEST = "test"
    EXAMINE = "examine"
    INTERVIEW = "interview"


@dataclass(frozen=True)
class Check:
    """What a stranger can run to see for themselves: one shell command and what it should print.

    `command` may use `{host}` (the statement's host and port) and `{tenant}` (an example tenant's host and port). `outside`: it must be
    run from an address that no list names.
    """

    command: str
    expected: Text
    outside: bool = False

    def filled(self, *, host: str, tenant: str, local: bool = False) -> "Check":
        """The same with the two places named: what a reader can paste.

        `local`: of a deployment for development, on the reader's own machine: curl is told not to ask for a known authority (`-k`), and
        where it must come from elsewhere, to use a loopback address that no list names.
        """
        command = self.command.replace("{host}", host).replace("{tenant}", tenant)
        if local:
            command = re.sub(r"\bcurl ", f"curl -k {'--interface 127.0.0.9 ' if self.outside else ''}", command)
        return Check(command, self.expected, self.outside)


@dataclass(frozen=True)
class Measure:
    """One way of observing a promise.

    `cadence`: time between two runs; `grace`: how late a run may be before a person is told; `freshness`: age past which evidence
    no longer holds (the verdict turns stale). `canary`: each run plants a fault that it must report, or the run is void.
    `vantage`: from where (`edge` = through the public door, `host` = on the machine, `database`). `stand_in`: names what was
    measured in place of the real thing; such a measure never makes a claim kept by itself.
    """

    key: str
    name: Text
    method: Method
    cadence: timedelta
    grace: timedelta
    freshness: timedelta
    canary: bool = False
    vantage: str = "edge"
    check: Check | None = None
    stand_in: Text | None = None

    def __post_init__(self) -> None:
        if not timedelta(0) < self.cadence <= self.freshness:
            raise ValueError(f"{self.key}: freshness must be at least one cadence, and cadence more than zero")


class Canary(StrEnum):
    """What became of the planted fault."""

    NONE = "none"
    HELD = "held"
    MISSED = "missed"


@dataclass(frozen=True)
class Observation:
    """Facts from one run, without judgement.

    `checked` of `in_scope`: the population (tenants, routes, hosts). `facts`: JSON without floats; what the judge reads and the page
    shows; never a secret nor a person's data. `drift`: what `apply` found changed behind Garant's back, in words.
    """

    checked: int
    in_scope: int
    facts: Mapping[str, Json]
    canary: Canary = Canary.NONE
    drift: Sequence[str] = ()


class Engine(Protocol):
    """What makes a promise true and looks whether it is."""

    def apply(self, promise: Promise) -> Sequence[str]:
        """Bring reality to the promised state; say in words what had drifted. Nothing to bring: `()`. Raises EngineError."""

    def observe(self, promise: Promise) -> Observation:
        """Report facts. Raises EngineError when nothing can be said."""


@dataclass(frozen=True)
class Evidence:
    """One recorded run. `position`: place in the audit outbox.

    `error` is set when the engine failed: then there are no facts. It is the English; `error_fr` the French, where there is one.
    """

    id: str
    promise: str
    measure: str
    observed_at: datetime
    received_at: datetime
    valid_until: datetime
    checked: int
    in_scope: int
    facts: Mapping[str, Json]
    canary: Canary
    drift: Sequence[str]
    error: str | None
    digest: str
    position: int
    error_fr: str | None = None


@dataclass(frozen=True)
class Word:
    """Somebody's word for what no program can see: who gives it, the SHA-256 of the paper that says it, and when it ends."""

    by: str
    document: str
    until: datetime

    def __post_init__(self) -> None:
        aware(self.until)
        if not self.by.strip() or not re.fullmatch(r"[0-9a-f]{64}", self.document):
            raise ValueError("a word needs somebody who gives it, and the SHA-256 of a paper: 64 lower-case hexadecimal digits")


@dataclass(frozen=True)
class Finding:
    """What the facts of one run say. `holds` None = they do not allow an answer (inconclusive).

    `number` and `words` are the headline beside the sentence (`0` · `passage sur 12 essais`); `reason` is a full sentence.
    `word`: a yes that rests on somebody's word; the verdict is then attested until its date, and never kept.
    """

    holds: bool | None
    number: Text
    words: Text
    reason: Text
    word: Word | None = None


Judge = Callable[[Promise, Evidence], Finding]


@dataclass(frozen=True)
class Keeper:
    """Engine and judge of one measure."""

    measure: Measure
    engine: Engine
    judge: Judge


@dataclass(frozen=True)
class Unmeasured:
    """A part of a promise that nothing measures yet: a measure of its own that reads `unproven`, with the reason."""

    key: str
    name: Text
    why: Text
