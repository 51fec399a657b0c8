"""Claims bound to what keeps them: from the latest verdicts of measures to the verdict of a sentence. Pure.

Rules: the worst part wins; a part that nothing measures, or that never ran, leaves the claim unproven; a measure by stand-in never
carries a claim alone (EHQ-73..76); age is read here, so that a silent worker turns its page stale and never keeps it green.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from garant.kernel.promise import Keeper, Measure, Promise, Unmeasured
from garant.kernel.text import Text
from garant.kernel.verdicts import NEVER, NO_MEASURE, State, Verdict, aged, unmeasured, worst
from garant.statement.policy.document import Claim, Document

Registry = Mapping[str, Sequence[Keeper | Unmeasured]]
"""Promise key to its measures: the table of `project/registry.py`."""

Latest = Mapping[tuple[str, str], Verdict]
"""The newest verdict of each measure, by promise identity and measure key."""


@dataclass(frozen=True)
class Part:
    """One measure of a claim, or one part that nothing measures (`measure` None), with its verdict as read now."""

    promise: Promise
    key: str
    name: Text
    measure: Measure | None
    verdict: Verdict


def parts(claim: Claim, registry: Registry, latest: Latest, now: datetime) -> list[Part]:
    """Every part of a claim, in the order of the document and the registry."""
    made = []
    for promise in claim.promises:
        for each in registry.get(promise.key, ()):
            if isinstance(each, Unmeasured):
                made.append(Part(promise, each.key, each.name, None, unmeasured(each)))
            else:
                found = latest.get((promise.identity, each.measure.key))
                verdict = aged(found, now) if found else Verdict(State.UNPROVEN, NEVER)
                made.append(Part(promise, each.measure.key, each.measure.name, each.measure, verdict))
    return made


def verdict_of(claim: Claim, registry: Registry, latest: Latest, now: datetime) -> Verdict:
    """The verdict of a sentence at `now`."""
    if claim.unbuilt is not None:
        return Verdict(State.UNPROVEN, claim.unbuilt)
    found = parts(claim, registry, latest, now)
    verdicts = [part.verdict for part in found]
    missing = [promise for promise in claim.promises if not registry.get(promise.key)]
    verdicts += [Verdict(State.UNPROVEN, NO_MEASURE) for _ in missing]
    measures = [part.measure for part in found if part.measure is not None]
    stand_ins = [measure.stand_in for measure in measures if measure.stand_in is not None]
    if stand_ins and len(stand_ins) == len(measures):
        verdicts.append(Verdict(State.UNPROVEN, _only_stand_in(stand_ins[0])))
    return worst(verdicts)


def turns(
    claim: Claim, registry: Registry, latest: Latest, standing: Verdict | None, since: datetime, now: datetime
) -> list[tuple[datetime, Verdict]]:
    """How the verdict changes from what stood at `since` until `now`: each change with its moment, oldest first.

    Evidence grows old at a known moment; a change by age is dated there, even when nobody looked until later. `standing` None: the
    claim had no verdict yet. Moments never go back before `since`, whatever a clock does.
    """
    made = []
    for moment in [*_ends(claim, registry, latest, since, now), now] if standing else [now]:
        verdict = verdict_of(claim, registry, latest, moment)
        if standing is None or _differs(standing, verdict):
            made.append((max(moment, since), verdict))
            standing = verdict
    return made


def bound_to(documents: Iterable[Document], promise: Promise) -> list[tuple[str, Claim]]:
    """Slug and claim of every sentence that this promise keeps."""
    return [(document.slug, claim) for document in documents for claim in document.claims if promise in claim.promises]


def kept_pairs(documents: Iterable[Document], registry: Registry) -> dict[tuple[str, str], tuple[Promise, Keeper]]:
    """Everything that must be measured for these statements, once each, by promise identity and measure key."""
    found: dict[tuple[str, str], tuple[Promise, Keeper]] = {}
    for document in documents:
        for claim in document.claims:
            found |= kept_pairs_of(claim, registry)
    return found


def kept_pairs_of(claim: Claim, registry: Registry) -> dict[tuple[str, str], tuple[Promise, Keeper]]:
    """The same for one claim."""
    return {
        (promise.identity, keeper.measure.key): (promise, keeper)
        for promise in claim.promises
        for keeper in registry.get(promise.key, ())
        if isinstance(keeper, Keeper)
    }


def problems(registry: Registry) -> list[str]:
    """What is wrong with the table itself: a promise without measures, two measures of one name."""
    found = []
    for key, each in registry.items():
        names = [item.measure.key if isinstance(item, Keeper) else item.key for item in each]
        if not names:
            found.append(f"{key} has no measure; list at least one Keeper or Unmeasured")
        found += [f"{key} has two measures named {name}; rename one" for name in sorted({name for name in names if names.count(name) > 1})]
    return found


def _ends(claim: Claim, registry: Registry, latest: Latest, after: datetime, now: datetime) -> list[datetime]:
    """The moments strictly between at which evidence of this claim grows too old."""
    pairs = kept_pairs_of(claim, registry)
    verdicts = [latest[pair] for pair in pairs if pair in latest]
    return sorted({end for each in verdicts for end in (each.fresh_until, each.until) if end is not None and after < end < now})


def _differs(one: Verdict, other: Verdict) -> bool:
    """Another state; or, where something is wrong, another reason."""
    return one.state is not other.state or (one.state not in (State.KEPT, State.ATTESTED) and one.reason != other.reason)


def _only_stand_in(name: Text) -> Text:
    return Text(
        f"Mesuré par remplaçant seulement\N{NO-BREAK SPACE}: {name.fr}.",
        f"Measured by a stand-in only: {name.en}.",
    )
