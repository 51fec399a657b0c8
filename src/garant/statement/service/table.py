"""The verdicts of one statement as lines of a table, for `garant verdicts`."""

from dataclasses import dataclass
from datetime import datetime

from garant.kernel.errors import InputError
from garant.kernel.text import Text
from garant.kernel.verdicts import State
from garant.statement.models import Statement
from garant.statement.queries.pages import page, statements


@dataclass(frozen=True)
class Line:
    """One claim: what `garant verdicts` prints, worst first."""

    claim: str
    state: State
    since: datetime | None
    sentence: Text
    reason: Text


def published(*, now: datetime) -> list[str]:
    """Slugs of the statements that garant.toml publishes and that are in force, in its order."""
    return [each.slug for each in statements(now) if each.published]


def verdict_table(slug: str, *, now: datetime) -> list[Line]:
    """The claims of a statement, worst first, then in the order of the document. Raises InputError when there is no such statement."""
    found = page(slug, now)
    if found is None:
        known = sorted(Statement.objects.values_list("slug", flat=True))
        raise InputError(
            f"there is no statement {slug!r} in force; write one of {', '.join(known)}"
            if known
            else "no statement is in force yet; `garant settle statements` puts those of garant.toml in force"
        )
    order = {state: place for place, (state, _) in enumerate(found.counts)}
    claims = [claim for chapter in found.chapters for claim in chapter.claims]
    return [
        Line(each.id, each.state, each.since, each.sentence, each.reason) for each in sorted(claims, key=lambda each: order[each.state])
    ]
