"""May this request pass? The one place that says so, for the edge, for the pages and for the tests. Pure.

In this order; the first that applies is the answer:

1. a suspended organisation answers to nobody;
2. the address rules come before anything about the person, the login page included (ASO-16, ASO-22, INT-54);
3. `public` and `login` pages need nobody;
4. a session that does not stand counts for nothing (`standing`), and neither does the session of a person who left;
5. no role, no right; and where the route names roles, one of them is needed (EHQ-23, INT-32).

Everything that is not granted is refused: there is no other way to `GRANTED` than the last line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from garant.access.policy.addresses import Address, Answer, Rule, verdict
from garant.access.policy.reasons import Reason
from garant.access.policy.settings import AccessSettings
from garant.access.policy.standing import LiveSession, standing

LONGEST = timedelta(seconds=60)
"""How long a decision may be remembered; the identity assertion lives as long."""


@dataclass(frozen=True)
class Question:
    """Who asks for what. `tenant`: the one of the host; `kind`: the route's class; `needed`: roles of which one is enough."""

    tenant: UUID
    address: Address
    kind: str = "member"
    needed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Person:
    """The session's person, as the database has them now."""

    id: UUID
    tenant: UUID
    active: bool
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """What is known. `session` None: no cookie, or none that the database knows here."""

    suspended: bool
    settings: AccessSettings
    rules: Sequence[Rule]
    session: LiveSession | None = None
    person: Person | None = None


@dataclass(frozen=True)
class Decision:
    """The answer with its reason. `until`: when it must be asked again, at the latest; a refusal is never remembered."""

    reason: Reason
    until: datetime
    person: UUID | None = None
    roles: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.reason is Reason.GRANTED


def decide(question: Question, facts: Facts, now: datetime) -> Decision:
    """The decision at `now` (aware)."""
    reason = _open_door(question, facts, now)
    if reason is not Reason.GRANTED or question.kind != "member":
        return Decision(reason, now if reason is not Reason.GRANTED else now + LONGEST)
    session, person = facts.session, facts.person
    if session is None or session.user is None or person is None:
        return Decision(Reason.NO_SESSION, now)
    reason = _person(question, session, person, facts.settings, now)
    if reason is not Reason.GRANTED:
        return Decision(reason, now, person.id)
    ends = [now + LONGEST, session.absolute_expires_at, session.opened_at + facts.settings.absolute]
    ends += [rule.expires_at for rule in facts.rules if rule.expires_at is not None and rule.live(now)]
    return Decision(Reason.GRANTED, min(ends), person.id, person.roles)


def _open_door(question: Question, facts: Facts, now: datetime) -> Reason:
    if facts.suspended:
        return Reason.SUSPENDED
    if verdict(facts.rules, question.address, question.kind, now) is not Answer.ALLOW:
        return Reason.ADDRESS
    return Reason.GRANTED


def _person(question: Question, session: LiveSession, person: Person, settings: AccessSettings, now: datetime) -> Reason:
    if person.id != session.user or person.tenant != question.tenant:
        return Reason.OTHER_TENANT
    fault = standing(session, question.tenant, settings, question.address, now)
    if fault is not None:
        return fault
    if not person.active:
        return Reason.INACTIVE
    if not person.roles:
        return Reason.NO_ROLE
    if question.needed and not set(question.needed) & set(person.roles):
        return Reason.ROLE_MISSING
    return Reason.GRANTED
