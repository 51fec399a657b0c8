"""The verdict rule: pure, the same for every promise.

For one measure, from all its recorded runs and the time:

1. `broken`: the newest valid run, still fresh, says no, or enforcement had drifted.
2. `unproven`: no valid run ever.
3. `stale`: proven once, but the newest valid run is too old, or a later run failed or said nothing.
4. `kept`: otherwise.

*Valid*: no error, its canary reported, at least one thing checked, observed no later than now. For a claim, the worst of its measures
in the order broken, unproven, stale, attested, kept. Time alone never leads to kept; order of arrival changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from garant.kernel.clock import aware
from garant.kernel.promise import Canary, Evidence, Finding, Judge, Measure, Promise, Unmeasured
from garant.kernel.text import Text, same

SKEW = timedelta(seconds=5)
"""How far in the future an observation may seem to lie before it is refused: clocks of two hosts differ."""


class State(StrEnum):
    """What can be said of a sentence. Unknown is never green."""

    BROKEN = "broken"
    UNPROVEN = "unproven"
    STALE = "stale"
    ATTESTED = "attested"
    KEPT = "kept"
    NOT_APPLICABLE = "not_applicable"


WORST_FIRST = (State.BROKEN, State.UNPROVEN, State.STALE, State.ATTESTED, State.KEPT)

NOTHING = same("–")


@dataclass(frozen=True)
class Verdict:
    """A state with its reason. `evidence`: ids of what it rests on. `until`: end of an attestation."""

    state: State
    reason: Text
    number: Text = NOTHING
    words: Text = NOTHING
    evidence: tuple[str, ...] = ()
    observed_at: datetime | None = None
    until: datetime | None = None


def judge_measure(promise: Promise, measure: Measure, judge: Judge, runs: Sequence[Evidence], now: datetime) -> Verdict:
    """The verdict of one measure from its recorded runs, in any order."""
    now = aware(now)
    newest = _newest(run for run in runs if run.observed_at <= now + SKEW)
    valid = _newest(run for run in runs if is_valid(run, measure, now))
    if valid is None:
        return Verdict(State.UNPROVEN, _why_invalid(newest, measure))
    finding = judge(promise, valid)
    verdict = _stand(valid, finding, measure, now)
    if verdict.state is not State.BROKEN and newest is not None and newest is not valid:
        return _with(verdict, State.STALE, _why_invalid(newest, measure))
    return verdict


def is_valid(run: Evidence, measure: Measure, now: datetime) -> bool:
    """Whether a run may carry a verdict at all (its age is judged apart)."""
    return (
        run.error is None
        and run.checked > 0
        and run.observed_at <= now + SKEW
        and (run.canary is Canary.HELD if measure.canary else run.canary is not Canary.MISSED)
    )


def unmeasured(part: Unmeasured) -> Verdict:
    """A part that nothing measures is never proven."""
    return Verdict(State.UNPROVEN, part.why)


def attested(by: str, until: datetime, now: datetime) -> Verdict:
    """A named person or report vouches until a date; past it, the word is stale."""
    until, now = aware(until), aware(now)
    day = until.date().isoformat()
    if now >= until:
        return Verdict(
            State.STALE,
            Text(f"L’attestation de {by} a pris fin le {day}.", f"The attestation of {by} ended on {day}."),
            until=until,
        )
    return Verdict(State.ATTESTED, Text(f"Attesté par {by}.", f"Attested by {by}."), until=until)


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst verdict of a claim's measures, with all evidence ids. No measure at all is `unproven`."""
    counted = [verdict for verdict in verdicts if verdict.state is not State.NOT_APPLICABLE]
    if not counted:
        if verdicts:
            return verdicts[0]
        return Verdict(State.UNPROVEN, Text("Aucune mesure ne porte sur cette phrase.", "No measure bears on this sentence."))
    first = min(counted, key=lambda verdict: WORST_FIRST.index(verdict.state))
    evidence = tuple(sorted({id_ for verdict in counted for id_ in verdict.evidence}))
    return _with(first, first.state, first.reason, evidence)


def _stand(run: Evidence, finding: Finding, measure: Measure, now: datetime) -> Verdict:
    def verdict(state: State, reason: Text) -> Verdict:
        return Verdict(state, reason, finding.number, finding.words, (run.id,), run.observed_at)

    if now - run.observed_at > measure.freshness:
        return verdict(State.STALE, Text("La dernière preuve est trop ancienne.", "The latest evidence is too old."))
    if run.drift:
        found = "; ".join(run.drift)
        return verdict(
            State.BROKEN,
            Text(
                f"L’état appliqué avait été modifié hors de Garant : {found}.",
                f"The applied state had been changed outside Garant: {found}.",
            ),
        )
    if finding.holds is False:
        return verdict(State.BROKEN, finding.reason)
    if finding.holds is None:
        return verdict(State.STALE, finding.reason)
    if run.checked < run.in_scope:
        return verdict(
            State.STALE,
            Text(
                f"Seulement {run.checked} sur {run.in_scope} ont pu être vérifiés.",
                f"Only {run.checked} of {run.in_scope} could be checked.",
            ),
        )
    return verdict(State.KEPT, finding.reason)


def _why_invalid(run: Evidence | None, measure: Measure) -> Text:
    if run is None:
        return Text("Aucune mesure n’a encore été faite.", "No measurement has been made yet.")
    if run.error is not None:
        return Text(f"La dernière mesure a échoué : {run.error}", f"The latest measurement failed: {run.error}")
    if run.canary is Canary.MISSED or (measure.canary and run.canary is not Canary.HELD):
        return Text(
            "Le témoin planté n’a pas été signalé : cette mesure est nulle.",
            "The planted canary was not reported: this measurement is void.",
        )
    return Text("La dernière mesure n’a rien trouvé à vérifier.", "The latest measurement found nothing to check.")


def _newest(runs: Iterable[Evidence]) -> Evidence | None:
    return max(runs, key=lambda run: (run.observed_at, run.received_at, run.id), default=None)


def _with(verdict: Verdict, state: State, reason: Text, evidence: tuple[str, ...] | None = None) -> Verdict:
    kept = verdict.evidence if evidence is None else evidence
    return Verdict(state, reason, verdict.number, verdict.words, kept, verdict.observed_at, verdict.until)
