"""What needs a person today, the most pressing first: pure, from facts that the view has read.

Order: broken sentences, processes that do not serve, edges out of step, lost journal lines, measures that are late, stale sentences,
requests of the operator's own people, orders on keys, sentences that were never proven though something measures them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from garant.edge.queries import EdgeState, Losses
from garant.kernel.schedule import Phase
from garant.kernel.text import Text
from garant.kernel.verdicts import State
from garant.statement.queries import ClaimView, StatementPage
from garant.vault.queries import OrderFacts
from garant.web import wording
from garant.web.health import Process

SOON = timedelta(days=30)
"""Before the end of a word somebody is told."""
SILENT = timedelta(seconds=30)
"""An edge reports every second; silent for this long, it is said to be."""


@dataclass(frozen=True)
class Task:
    """One line: since or until when, what, why, and where to go. `state` gives the glyph; None: no glyph."""

    when: str
    what: str
    why: str
    href: str = ""
    link: str = ""
    state: State | None = None


@dataclass(frozen=True)
class Change:
    """A verdict that changed."""

    at: datetime
    claim: str
    href: str
    before: State | None
    after: State
    reason: Text | None


@dataclass(frozen=True)
class Facts:
    """What the view has read. `waiting`: oldest pending address request of the operator's own tenant, and how many there are.

    `unlisted`: names of the customers that every address can reach. `troubles`: steps of settlement that failed, with the reason.
    """

    pages: Sequence[StatementPage]
    processes: Sequence[Process]
    edges: Sequence[EdgeState]
    lost: Losses
    waiting: Sequence[datetime] = ()
    orders: Sequence[tuple[OrderFacts, str]] = ()
    """Orders on keys that are open, each with the name of its organisation."""
    unlisted: Sequence[str] = ()
    troubles: Mapping[str, str] = field(default_factory=dict)


def tasks(facts: Facts, now: datetime) -> list[Task]:
    """Everything that needs somebody."""
    claims = [(page.slug, claim) for page in facts.pages for claim in page.claims]
    return [
        *(_claim(slug, claim) for slug, claim in claims if claim.state is State.BROKEN),
        *(_process(each) for each in facts.processes if not each.serving),
        *(_edge(each) for each in facts.edges if each.problem or each.lag > SILENT),
        *(_trouble(step, why) for step, why in facts.troubles.items()),
        *(_unlisted(name) for name in facts.unlisted),
        *_journal(facts.lost),
        *_late(claims, now),
        *(_claim(slug, claim) for slug, claim in claims if claim.state is State.STALE),
        *_waiting(facts.waiting, now),
        *(_order(each, name) for each, name in facts.orders),
        *_ending(claims, now),
    ]


def changes(pages: Sequence[StatementPage], since: datetime) -> list[Change]:
    """Verdicts that turned after `since`, the newest first. The first verdict of a sentence is no change."""
    found = []
    for page in pages:
        for claim in page.claims:
            for place, (state, began, ended) in enumerate(claim.intervals[:-1]):
                before = claim.intervals[place + 1][0]
                if began >= since and before is not state:
                    found.append(Change(began, claim.id, _proof(page.slug, claim), before, state, claim.reason if ended is None else None))
    return sorted(found, key=lambda change: change.at, reverse=True)


def _proof(slug: str, claim: ClaimView) -> str:
    return reverse("proof", args=[slug, claim.anchor])


def _claim(slug: str, claim: ClaimView) -> Task:
    since = gettext("since %(day)s") % {"day": wording.day(claim.since)} if claim.since else wording.state(claim.state)
    what = gettext("%(id)s is broken") if claim.state is State.BROKEN else gettext("%(id)s lacks fresh evidence")
    facts = {"id": claim.id}
    return Task(since, what % facts, wording.text(claim.reason), _proof(slug, claim), gettext("See %(id)s") % facts, claim.state)


def _process(each: Process) -> Task:
    return Task(
        gettext("now"),
        gettext("The process %(name)s does not serve") % {"name": each.name},
        gettext("State: %(state)s, started again %(n)d times. Its last words are in its log.") % {"state": each.word, "n": each.restarts},
        state=State.BROKEN,
    )


def _edge(each: EdgeState) -> Task:
    why = each.problem or gettext("No report for %(duration)s.") % {"duration": wording.duration(each.lag)}
    return Task(gettext("now"), gettext("The edge %(name)s is out of step") % {"name": each.name}, why, state=State.BROKEN)


def _trouble(step: str, why: str) -> Task:
    what = {"statements": gettext("What garant.toml publishes could not be put in force")}.get(step, step)
    return Task(gettext("now"), what, why, state=State.BROKEN)


def _unlisted(name: str) -> Task:
    return Task(
        gettext("now"),
        gettext("%(name)s has no address list") % {"name": name},
        gettext("Every address can reach its sign-in page. Its administrators list their addresses, or you do: garant tenant allow."),
        state=State.BROKEN,
    )


def _journal(lost: Losses) -> list[Task]:
    if not lost.lost:
        return []
    what = ngettext("%(n)d line of the access journal was lost", "%(n)d lines of the access journal were lost", lost.lost) % {
        "n": lost.lost
    }
    why = gettext("Over the last 24 hours, of %(total)s received.") % {"total": wording.number(lost.lines)}
    return [Task(gettext("today"), what, why, state=State.STALE)]


def _late(claims: Sequence[tuple[str, ClaimView]], now: datetime) -> list[Task]:
    """Each late measure once, whatever the number of sentences that rest on it."""
    made: dict[tuple[str, str], Task] = {}
    for slug, claim in claims:
        for measure in claim.measures:
            if measure.phase is Phase.LATE and measure.last_run is not None and (measure.promise, measure.key) not in made:
                why = gettext("Last run %(age)s; it should run every %(cadence)s.") % {
                    "age": wording.age(measure.last_run, now),
                    "cadence": wording.duration(measure.cadence or timedelta(0)),
                }
                made[measure.promise, measure.key] = Task(
                    gettext("late"),
                    wording.text(measure.name),
                    why,
                    _proof(slug, claim),
                    gettext("See %(id)s") % {"id": claim.id},
                    State.STALE,
                )
    return list(made.values())


def _ending(claims: Sequence[tuple[str, ClaimView]], now: datetime) -> list[Task]:
    """Words that end soon, each once: whoever gave one has to be asked again before that day."""
    made: dict[tuple[str, datetime], Task] = {}
    for slug, claim in claims:
        if claim.state is State.ATTESTED and claim.until is not None and claim.until - now < SOON:
            what = gettext("The word on which %(id)s rests ends soon") % {"id": claim.id}
            when = gettext("until %(day)s") % {"day": wording.day(claim.until)}
            task = Task(
                when, what, wording.text(claim.reason), _proof(slug, claim), gettext("See %(id)s") % {"id": claim.id}, State.ATTESTED
            )
            made.setdefault((claim.reason.en, claim.until), task)
    return list(made.values())


def _order(each: OrderFacts, name: str) -> Task:
    """An order on keys waits for somebody; it is given and approved with `garant key`."""
    what = {
        "ordered": gettext("An order on the keys of %(name)s waits for a second person"),
        "approved": gettext("An approved order on the keys of %(name)s waits to be executed"),
        "begun": gettext("An order on the keys of %(name)s is half executed"),
    }[each.state]
    since = gettext("since %(day)s") % {"day": wording.day(each.ordered_at)}
    why = gettext("%(verb)s: %(reason)s. On the machine: garant key list.") % {"verb": each.verb, "reason": each.reason.rstrip(".")}
    return Task(since, what % {"name": name}, why, state=State.STALE if each.state == "begun" else None)


def _waiting(waiting: Sequence[datetime], now: datetime) -> list[Task]:
    if not waiting:
        return []
    number = len(waiting)
    what = ngettext("%(n)d address request of your own people waits", "%(n)d address requests of your own people wait", number) % {
        "n": number
    }
    why = gettext("The oldest was made %(age)s.") % {"age": wording.age(min(waiting), now)}
    return [Task(gettext("today"), what, why, reverse("console:access"), gettext("Decide"))]
