"""`decide()` with the facts of the database, for the tenant of the transaction."""

from dataclasses import dataclass
from datetime import datetime

from garant.access.policy.decide import Decision, Facts, Question, decide
from garant.access.queries.addresses import rules
from garant.access.queries.sessions import Seen, seen
from garant.access.queries.settings import settings


@dataclass(frozen=True)
class Answer:
    """The decision, with what was seen of the session (None: none)."""

    decision: Decision
    seen: Seen | None = None


def answer(question: Question, digest: str, now: datetime, *, suspended: bool) -> Answer:
    """Ask for the session with this digest ('' for none). `suspended`: of the question's tenant, read in this transaction."""
    found = seen(digest) if digest else None
    facts = Facts(
        suspended=suspended,
        settings=settings(),
        rules=rules(),
        session=found.session if found else None,
        person=found.person if found else None,
    )
    return Answer(decide(question, facts, now), found)
