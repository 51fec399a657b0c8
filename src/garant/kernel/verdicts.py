"""The verdict rule: pure, the same for every promise.

For one measure, from all its recorded runs and the time:

1. `broken`: the newest answer, still fresh, says no, or enforcement had drifted.
2. `unproven`: no run ever gave an answer.
3. `stale`: answered once, but that answer is too old, or a later run failed, was inconclusive, or did not reach all in scope.
4. `attested`: as `kept`, where the yes rests on somebody's word that has not ended; `stale` once it has.
5. `kept`: the newest run of all is an answer, fresh, and says yes.

An *answer* is a valid run whose facts say yes for the whole population, or no for any part of it. *Valid*: no error, its canary
reported, at least one thing checked, observed neither after it was received nor after now. Drift found by `apply` is an answer (no),
whatever became of the run.

For a claim, the worst of its measures in the order broken, unproven, stale, attested, kept. Order of arrival changes nothing; time
alone never leads to kept nor attested.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from garant.kernel.clock import aware
from garant.kernel.promise import Canary, Evidence, Finding, Judge, Measure, Promise, Unmeasured
from garant.kernel.text import Text, ratio, same

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
TOO_OLD = Text("La dernière preuve est trop ancienne.", "The latest evidence is too old.")
NEVER = Text("Aucune mesure n’a encore été faite.", "No measurement has been made yet.")
NO_MEASURE = Text("Aucune mesure ne porte sur cette phrase.", "No measure bears on this sentence.")


@dataclass(frozen=True)
class Verdict:
    """A state with its reason. `evidence`: ids of what it rests on. `until`: end of an attestation.

    `fresh_until`: the moment past which its evidence no longer holds; whoever shows a verdict later than that shows `aged()` of it.
    """

    state: State
    reason: Text
    number: Text = NOTHING
    words: Text = NOTHING
    evidence: tuple[str, ...] = ()
    observed_at: datetime | None = None
    until: datetime | None = None
    fresh_until: datetime | None = None


def judge_measure(promise: Promise, measure: Measure, judge: Judge, runs: Sequence[Evidence], now: datetime) -> Verdict:
    """The verdict of one measure from its recorded runs, in any order."""
    now = aware(now)
    seen = sorted((run for run in runs if run.observed_at <= now + SKEW), key=_order, reverse=True)
    if not seen:
        return Verdict(State.UNPROVEN, NEVER)
    newest = seen[0]
    for run in seen:
        finding = judge(promise, run) if is_valid(run, measure, now) else None
        if _answers(run, finding):
            break
    else:
        return Verdict(State.UNPROVEN, _why_silent(promise, newest, measure, judge, now))
    verdict = aged(_stand(run, finding, measure), now)
    if run is newest or verdict.state is State.BROKEN:
        return verdict
    return replace(verdict, state=State.STALE, reason=_why_silent(promise, newest, measure, judge, now))


def is_valid(run: Evidence, measure: Measure, now: datetime) -> bool:
    """Whether a run may carry a verdict at all (its age is judged apart)."""
    return (
        run.error is None
        and run.checked > 0
        and run.observed_at <= min(now, run.received_at) + SKEW
        and (run.canary is Canary.HELD if measure.canary else run.canary is not Canary.MISSED)
    )


def aged(verdict: Verdict, now: datetime) -> Verdict:
    """The same verdict read at `now`: past its `fresh_until`, or past the end of an attestation, it is stale. Never better."""
    ends = [moment for moment in (verdict.fresh_until, verdict.until) if moment is not None]
    if verdict.state in (State.STALE, State.UNPROVEN, State.NOT_APPLICABLE) or not ends or aware(now) < min(ends):
        return verdict
    ended = verdict.state is State.ATTESTED and verdict.until is not None and aware(now) >= verdict.until
    return replace(verdict, state=State.STALE, reason=_ended(verdict.until) if ended and verdict.until else TOO_OLD)


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


def _ended(until: datetime) -> Text:
    day = until.date().isoformat()
    return Text(f"L’attestation a pris fin le {day}.", f"The attestation ended on {day}.")


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst verdict of a claim's measures, with all evidence ids. No measure at all is `unproven`.

    A sentence that rests on several words is attested until the first of them ends.
    Age is read on the measures: take `aged()` of each, then the worst again. The order of `verdicts` decides between equals only.
    """
    counted = [verdict for verdict in verdicts if verdict.state is not State.NOT_APPLICABLE]
    if not counted:
        return verdicts[0] if verdicts else Verdict(State.UNPROVEN, NO_MEASURE)
    first = min(counted, key=lambda verdict: WORST_FIRST.index(verdict.state))
    evidence = tuple(sorted({id_ for verdict in counted for id_ in verdict.evidence}))
    fresh = [verdict.fresh_until for verdict in counted if verdict.fresh_until is not None]
    untils = [verdict.until for verdict in counted if verdict.until is not None and verdict.state is State.ATTESTED]
    return replace(
        first,
        evidence=evidence,
        fresh_until=first.fresh_until if first.state is State.BROKEN else min(fresh, default=None),
        until=min(untils) if first.state is State.ATTESTED and untils else first.until,
    )


def _answers(run: Evidence, finding: Finding | None) -> bool:
    if run.drift:
        return True
    if finding is None or finding.holds is None:
        return False
    return not finding.holds or run.checked >= run.in_scope


def _stand(run: Evidence, finding: Finding | None, measure: Measure) -> Verdict:
    number, words = (finding.number, finding.words) if finding else (NOTHING, NOTHING)
    fresh_until = min(run.valid_until, run.observed_at + measure.freshness)

    def verdict(state: State, reason: Text) -> Verdict:
        return Verdict(state, reason, number, words, (run.id,), run.observed_at, fresh_until=fresh_until)

    if run.drift:
        found = "; ".join(run.drift)
        return verdict(
            State.BROKEN,
            Text(
                f"L’état appliqué avait été modifié hors de Garant : {found}.",
                f"The applied state had been changed outside Garant: {found}.",
            ),
        )
    if finding is None or not finding.holds:
        return verdict(State.BROKEN, finding.reason if finding else NEVER)
    if finding.word is not None:
        return replace(verdict(State.ATTESTED, finding.reason), until=finding.word.until)
    return verdict(State.KEPT, finding.reason)


def _why_silent(promise: Promise, run: Evidence, measure: Measure, judge: Judge, now: datetime) -> Text:
    """Why a run gave no answer."""
    if run.error is not None:
        fr = run.error_fr or f"l’outil a dit, en anglais, « {run.error} »."
        return Text(f"La dernière mesure a échoué : {fr}", f"The latest measurement failed: {run.error}")
    if run.canary is Canary.MISSED or (measure.canary and run.canary is not Canary.HELD):
        return Text(
            "Le témoin d’épreuve n’a pas été signalé : cette mesure est nulle.",
            "The planted canary was not reported: this measurement is void.",
        )
    if run.checked <= 0:
        return Text("La dernière mesure n’a rien trouvé à vérifier.", "The latest measurement found nothing to check.")
    if not is_valid(run, measure, now):
        return Text(
            "La dernière mesure porte une date postérieure à sa réception.",
            "The latest measurement is dated later than its reception.",
        )
    finding = judge(promise, run)
    if finding.holds is None:
        return finding.reason
    reached = ratio(run.checked, run.in_scope)
    return Text(f"Seulement {reached.fr} ont pu être vérifiés.", f"Only {reached.en} could be checked.")


def _order(run: Evidence) -> tuple[datetime, datetime, str]:
    return (run.observed_at, run.received_at, run.id)
