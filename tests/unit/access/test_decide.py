"""`decide()`: nobody passes against the rule. The model below is written from the sentences, not from the code."""

import ipaddress
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from garant.access.policy.addresses import Answer, Rule
from garant.access.policy.decide import LONGEST, Decision, Facts, Person, Question, decide
from garant.access.policy.reasons import TEXTS, VOID, Reason
from garant.access.policy.settings import AccessSettings, Binding, FactorRule
from garant.access.policy.standing import LiveSession, near

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
A, B = uuid.UUID(int=1), uuid.UUID(int=2)
ALICE = uuid.UUID(int=11)
HOME = ipaddress.ip_address("192.0.2.10")


def session(**changes: object) -> LiveSession:
    made = {
        "tenant": A,
        "user": ALICE,
        "opened_at": NOW - timedelta(hours=1),
        "last_seen_at": NOW - timedelta(minutes=1),
        "expires_at": NOW + timedelta(minutes=29),
        "absolute_expires_at": NOW + timedelta(hours=11),
        "address": HOME,
        "factor": "totp",
    }
    return LiveSession(**{**made, **changes})  # type: ignore[arg-type]


def ask(
    question: Question | None = None,
    *,
    rules: tuple[Rule, ...] = (),
    suspended: bool = False,
    chosen: AccessSettings | None = None,
    active: bool = True,
    roles: tuple[str, ...] = ("member",),
    person_tenant: uuid.UUID = A,
    now: datetime = NOW,
    **changes: object,
) -> Decision:
    person = Person(ALICE, person_tenant, active, roles)
    facts = Facts(suspended, chosen or AccessSettings(), rules, session(**changes), person)
    return decide(question or Question(A, HOME), facts, now)


def network(text: str, answer: Answer = Answer.ALLOW, *classes: str, until: datetime | None = None) -> Rule:
    return Rule(ipaddress.ip_network(text), answer, classes or ("public", "login", "member"), until)


def test_a_member_with_a_factor_at_home_passes_for_a_minute_at_most() -> None:
    found = ask()
    assert found == Decision(Reason.GRANTED, NOW + LONGEST, ALICE, ("member",))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"suspended": True}, Reason.SUSPENDED),
        ({"rules": (network("198.51.100.0/24"),)}, Reason.ADDRESS),
        ({"rules": (network("192.0.2.0/24"), network("192.0.2.10/32", Answer.DENY))}, Reason.ADDRESS),
        ({"tenant": B}, Reason.OTHER_TENANT),
        ({"person_tenant": B}, Reason.OTHER_TENANT),
        ({"user": None}, Reason.NO_SESSION),
        ({"user": uuid.UUID(int=12)}, Reason.OTHER_TENANT),
        ({"absolute_expires_at": NOW}, Reason.EXPIRED),
        ({"opened_at": NOW - timedelta(hours=12)}, Reason.EXPIRED),
        ({"expires_at": NOW}, Reason.IDLE),
        ({"last_seen_at": NOW - timedelta(minutes=30)}, Reason.IDLE),
        ({"address": ipaddress.ip_address("198.51.100.1")}, Reason.MOVED),
        ({"address": None}, Reason.MOVED),
        ({"factor": ""}, Reason.FACTOR_MISSING),
        ({"active": False}, Reason.INACTIVE),
        ({"roles": ()}, Reason.NO_ROLE),
        ({"question": Question(A, HOME, "member", ("admin", "auditor"))}, Reason.ROLE_MISSING),
    ],
)
def test_each_single_fault_is_refused_for_its_own_reason(changes: dict[str, object], reason: Reason) -> None:
    found = ask(**changes)  # type: ignore[arg-type]
    assert found.reason is reason
    assert not found.allowed
    assert found.until <= NOW, "a refusal is never remembered"
    assert found.roles == ()


def test_without_a_session_or_a_person_nobody_passes() -> None:
    for facts in (Facts(False, AccessSettings(), ()), Facts(False, AccessSettings(), (), session(), None)):
        assert decide(Question(A, HOME), facts, NOW).reason is Reason.NO_SESSION


@pytest.mark.parametrize("kind", ["login", "public"])
def test_address_rules_come_before_the_login_page(kind: str) -> None:
    """ASO-22: the tenant's address itself is filtered, login page included."""
    question = Question(A, HOME, kind)
    assert decide(question, Facts(False, AccessSettings(), (network("198.51.100.0/24"),)), NOW).reason is Reason.ADDRESS
    assert decide(question, Facts(False, AccessSettings(), (network("192.0.2.0/24"),)), NOW).allowed


def test_one_of_the_roles_of_the_route_is_enough() -> None:
    assert ask(Question(A, HOME, "member", ("admin", "auditor")), roles=("auditor", "member")).allowed


def test_a_shortened_limit_acts_at_once_and_a_lengthened_one_never_extends_a_session() -> None:
    assert ask(chosen=AccessSettings(absolute=timedelta(minutes=59))).reason is Reason.EXPIRED
    assert ask(chosen=AccessSettings(absolute=timedelta(days=7)), absolute_expires_at=NOW).reason is Reason.EXPIRED


def test_the_decision_ends_when_the_session_or_a_rule_does() -> None:
    soon = NOW + timedelta(seconds=7)
    assert ask(absolute_expires_at=soon).until == soon
    assert ask(rules=(network("192.0.2.0/24", until=soon),)).until == soon


@pytest.mark.parametrize("rule_", [FactorRule.RECOMMENDED, FactorRule.OFF])
def test_where_no_factor_is_required_a_session_without_one_passes(rule_: FactorRule) -> None:
    assert ask(chosen=AccessSettings(factor_rule=rule_), factor="").allowed


@pytest.mark.parametrize(
    ("binding", "here", "stays"),
    [
        (Binding.ADDRESS, "192.0.2.10", True),
        (Binding.ADDRESS, "192.0.2.11", False),
        (Binding.NETWORK, "192.0.2.250", True),
        (Binding.NETWORK, "192.0.3.10", False),
        (Binding.NETWORK, "2001:db8::1", False),
        (Binding.OFF, "2001:db8::1", True),
        (Binding.NETWORK, "::ffff:192.0.2.99", True),
    ],
)
def test_a_session_stays_as_near_its_home_as_the_tenant_says(binding: Binding, here: str, stays: bool) -> None:
    assert near(binding, HOME, ipaddress.ip_address(here)) is stays


def test_an_ipv6_session_stays_within_its_56() -> None:
    home = ipaddress.ip_address("2001:db8:0:ab00::1")
    assert near(Binding.NETWORK, home, ipaddress.ip_address("2001:db8:0:abff::9"))
    assert not near(Binding.NETWORK, home, ipaddress.ip_address("2001:db8:0:ac00::1"))


def test_every_reason_has_a_sentence_in_both_languages_and_a_status() -> None:
    assert set(TEXTS) == set(Reason)
    assert Reason.GRANTED not in VOID
    assert {Reason.ADDRESS, Reason.SUSPENDED, Reason.NO_ROLE, Reason.ROLE_MISSING} == set(Reason) - VOID - {Reason.GRANTED}


moments = st.timedeltas(timedelta(days=-2), timedelta(days=2)).map(lambda by: NOW + by)
tenants = st.sampled_from([A, B])
addresses = st.one_of(st.ip_addresses(), st.sampled_from([HOME, ipaddress.ip_address("192.0.2.11")]))
networks = st.one_of(st.just("192.0.2.0/24"), st.just("0.0.0.0/0"), st.just("192.0.2.10/32"), st.just("2001:db8::/32"))
rules = st.builds(
    Rule,
    networks.map(ipaddress.ip_network),
    st.sampled_from(Answer),
    st.lists(st.sampled_from(["public", "login", "member"]), min_size=1, max_size=3, unique=True).map(tuple),
    st.none() | moments,
)
sessions = st.builds(
    LiveSession,
    tenants,
    st.none() | st.just(ALICE) | st.uuids(),
    moments,
    moments,
    moments,
    moments,
    st.none() | addresses,
    st.sampled_from(["", "totp", "recovery"]),
)
people = st.builds(
    Person, st.just(ALICE) | st.uuids(), tenants, st.booleans(), st.lists(st.sampled_from(["member", "admin"]), unique=True).map(tuple)
)
chosen = st.builds(
    AccessSettings,
    st.sampled_from(FactorRule),
    st.timedeltas(timedelta(minutes=5), timedelta(days=1)),
    st.timedeltas(timedelta(hours=1), timedelta(days=7)),
    st.sampled_from(Binding),
)
questions = st.builds(
    Question,
    tenants,
    addresses,
    st.sampled_from(["public", "login", "member"]),
    st.lists(st.sampled_from(["admin", "auditor"]), max_size=2).map(tuple),
)
facts = st.builds(Facts, st.booleans(), chosen, st.lists(rules, max_size=4), st.none() | sessions, st.none() | people)


@settings(max_examples=1500)
@given(questions, facts, moments)
def test_whoever_passes_broke_no_rule(question: Question, known: Facts, now: datetime) -> None:
    """Fuzz: whatever the facts, a grant implies every sentence of the rule."""
    found = decide(question, known, now)
    if not found.allowed:
        assert found.until <= now
        return
    assert now < found.until <= now + LONGEST
    assert not known.suspended
    live = [one for one in known.rules if question.kind in one.classes and (one.expires_at is None or now < one.expires_at)]
    plain = getattr(question.address, "ipv4_mapped", None) or question.address
    hits = [one for one in live if plain.version == one.network.version and plain in one.network]
    assert all(one.answer is Answer.ALLOW for one in hits)
    assert hits or all(one.answer is Answer.DENY for one in live)
    if question.kind != "member":
        return
    mine, who = known.session, known.person
    assert mine is not None
    assert who is not None
    assert mine.tenant == who.tenant == question.tenant
    assert mine.user == who.id == found.person
    assert who.active
    assert who.roles
    assert found.roles == who.roles
    assert now < min(
        mine.expires_at, mine.absolute_expires_at, mine.last_seen_at + known.settings.idle, mine.opened_at + known.settings.absolute
    )
    assert mine.factor or known.settings.factor_rule is not FactorRule.REQUIRED
    assert not question.needed or set(question.needed) & set(who.roles)


@given(questions, facts, moments)
def test_suspending_never_grants(question: Question, known: Facts, now: datetime) -> None:
    assert not decide(question, replace(known, suspended=True), now).allowed


# A session and its person that pass on most days, so that what ends them is what is tried, and not the first of many refusals.
lasting = st.builds(
    session,
    factor=st.sampled_from(["", "totp", "recovery"]),
    absolute_expires_at=moments,
    opened_at=moments,
    last_seen_at=st.just(NOW + timedelta(days=30)),
    expires_at=st.just(NOW + timedelta(days=30)),
)
members = st.builds(Question, st.just(A), st.sampled_from([HOME, ipaddress.ip_address("192.0.2.11")]), st.just("member"))
owned = st.builds(Facts, st.just(False), chosen, st.lists(rules, max_size=1), lasting, st.just(Person(ALICE, A, True, ("member",))))


@given(members, owned, moments)
def test_a_refused_person_is_not_let_in_by_asking_later_under_worse_facts(question: Question, known: Facts, now: datetime) -> None:
    """Waiting past the absolute end, the one promised or the one that the tenant chose since, never grants."""
    assert known.session is not None
    ends = (known.session.absolute_expires_at, known.session.opened_at + known.settings.absolute)
    for end in ends:
        assert not decide(question, known, max(now, end)).allowed


class World(RuleBasedStateMachine):
    """Logins, rule changes, departures and time, in any order; the invariant asks for everybody at each step."""

    opened = Bundle("opened")

    @initialize()
    def start(self) -> None:
        self.now = NOW
        self.rule = FactorRule.REQUIRED
        self.active, self.roles, self.suspended = True, ("member",), False
        self.sessions: dict[int, LiveSession] = {}
        self.ended: set[int] = set()

    @rule(target=opened, factor=st.sampled_from(["", "totp"]))
    def log_in(self, factor: str) -> int:
        number = len(self.sessions)
        at = self.now
        self.sessions[number] = session(
            opened_at=at,
            last_seen_at=at,
            expires_at=at + timedelta(minutes=30),
            absolute_expires_at=at + timedelta(hours=12),
            factor=factor,
        )
        return number

    @rule(number=opened)
    def end(self, number: int) -> None:
        self.ended.add(number)

    @rule(by=st.timedeltas(timedelta(seconds=1), timedelta(hours=3)))
    def wait(self, by: timedelta) -> None:
        self.now += by

    @rule(chosen_rule=st.sampled_from(FactorRule))
    def choose(self, chosen_rule: FactorRule) -> None:
        self.rule = chosen_rule

    @rule(active=st.booleans(), roles=st.sampled_from([(), ("member",), ("admin", "member")]))
    def manage(self, active: bool, roles: tuple[str, ...]) -> None:
        if self.active and not active:
            self.ended |= set(self.sessions)
        self.active, self.roles = active, roles

    @rule(suspended=st.booleans())
    def suspend(self, suspended: bool) -> None:
        self.suspended = suspended

    @invariant()
    def nobody_passes_against_the_rule(self) -> None:
        for number, one in getattr(self, "sessions", {}).items():
            held = None if number in self.ended else one
            known = Facts(self.suspended, AccessSettings(factor_rule=self.rule), (), held, Person(ALICE, A, self.active, self.roles))
            found = decide(Question(A, HOME), known, self.now)
            expected = (
                number not in self.ended
                and not self.suspended
                and self.active
                and bool(self.roles)
                and self.now < one.opened_at + timedelta(minutes=30)
                and (one.factor == "totp" or self.rule is not FactorRule.REQUIRED)
            )
            assert found.allowed is expected


TestWorld = World.TestCase
