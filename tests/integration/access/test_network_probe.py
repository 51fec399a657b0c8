"""Trials of the door count only what was tried, and name no customer (ASO-16, ASO-19, ASO-22, EHQ-23, INT-53, INT-54)."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from garant.access.engines import login_probe, network_probe, records
from garant.access.engines.login_probe import RolesProbe, oddly_spelt
from garant.access.engines.network_probe import NetworkProbe
from garant.access.engines.probes import Canary, Site, mark
from garant.access.engines.records import FactorDefault
from garant.access.policy import judges
from garant.access.policy.addresses import Answer, Rule, parse_network
from garant.access.promises import DEFAULT, NETWORK, ROLES
from garant.identity.queries import TenantFacts
from garant.kernel.clock import ManualClock
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary as Planted
from garant.kernel.promise import Evidence, Judge, Measure, Observation, Promise
from garant.kernel.verdicts import State, judge_measure
from support import stub
from support.stub import Asked, Said

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
TENANTS = [
    TenantFacts(uuid.uuid4(), slug, slug.title(), False, "fr-ca", "America/Toronto", False) for slug in ("saint-elan", "trois-rapides")
]
OFFICE = Rule(parse_network("203.0.113.0/24"), Answer.ALLOW, ("login", "member"))
HERE = Rule(parse_network("127.0.0.1/32"), Answer.ALLOW, ("login", "member"))
WITNESS = Rule(parse_network("127.66.54.0/24"), Answer.DENY, ("public", "login", "member"))


def allow(network: str) -> Rule:
    return Rule(parse_network(network), Answer.ALLOW, ("login", "member"))


class Door:
    """A door that refuses everybody but `inside`; what `odd` names is answered with another status."""

    def __init__(self) -> None:
        self.inside: Sequence[str] = ()
        self.odd: dict[str, int] = {}

    def say(self, asked: Asked) -> Said:
        if asked.path in self.odd:
            return Said(self.odd[asked.path])
        return Said(200 if asked.host == "garant.localhost" or asked.source in self.inside else 403)


@pytest.fixture
def door() -> Door:
    return Door()


Look = Callable[..., Observation]


@contextmanager
def site_of(tmp_path: Path, say: Callable[[Asked], Said]) -> Iterator[Site]:
    with stub.site(tmp_path, say) as made:
        yield Site(Deployment("garant.localhost", made.port, 0, tmp_path, authority=made.authority, clock=ManualClock(NOW)))


@pytest.fixture
def look(tmp_path: Path, door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[Look]:
    """One run of an aspect at tenants with these rules."""
    monkeypatch.setattr(network_probe, "population", lambda: TENANTS)
    monkeypatch.setattr(network_probe, "REACH", 0.3)

    with site_of(tmp_path, door.say) as site:
        probe = NetworkProbe(site, repair=lambda *_: (), witness=lambda *_: (), running=lambda: ())

        def observe(aspect: str, *rules: Rule) -> Observation:
            monkeypatch.setattr(network_probe, "rules_of", lambda tenant: rules)
            return probe.observe(Promise("access.network", {"aspect": aspect}))

        yield observe


def verdict(measure: Measure, judge: Judge, seen: Observation, **parameters: Any) -> State:
    """What a run of this observation alone would be published as."""
    promise = Promise("access.x", parameters)
    run = Evidence(
        "e", "p", "m", NOW, NOW, NOW + timedelta(hours=1), seen.checked, seen.in_scope, dict(seen.facts), seen.canary, (), None, "d", 1
    )
    return judge_measure(promise, measure, judge, [run], NOW).state


def test_a_list_that_lets_no_probe_in_is_not_seen_to_let_its_own_in(look: Look, door: Door) -> None:
    seen = look("allow", OFFICE)
    assert (seen.checked, seen.in_scope, seen.facts["unprobed"]) == (0, 2, 2)
    assert verdict(NETWORK, judges.network, seen, aspect="allow") is State.UNPROVEN
    door.inside = ("127.0.0.1",)
    seen = look("allow", OFFICE, HERE)
    assert (seen.checked, seen.in_scope) == (2, 2)
    assert verdict(NETWORK, judges.network, seen, aspect="allow") is State.KEPT
    door.inside = ()
    assert verdict(NETWORK, judges.network, look("allow", OFFICE, HERE), aspect="allow") is State.BROKEN


def test_the_refusal_of_strangers_is_tried_without_anybody_inside(look: Look, door: Door) -> None:
    seen = look("tenant_data", OFFICE)
    assert (seen.checked, seen.in_scope) == (2, 2)
    assert verdict(NETWORK, judges.network, seen, aspect="tenant_data") is State.KEPT
    door.inside = ("127.66.53.1",)
    assert verdict(NETWORK, judges.network, look("tenant_data", OFFICE), aspect="tenant_data") is State.BROKEN


@pytest.mark.parametrize("aspect", ["tenant_data", "tenant_url"])
def test_a_customer_whom_every_address_can_reach_breaks_what_is_said_of_every_customer(look: Look, aspect: str) -> None:
    """No list at all, and lists that name every address, in one rule or in two."""
    halves = [allow("0.0.0.0/1"), allow("128.0.0.0/1")]
    for rules in ([], [allow("0.0.0.0/0")], [OFFICE, allow("::/0")], halves):
        seen = look(aspect, *rules)
        assert seen.facts["open"] == [mark(tenant) for tenant in TENANTS]
        assert verdict(NETWORK, judges.network, seen, aspect=aspect) is State.BROKEN
    assert verdict(NETWORK, judges.network, look("allow"), aspect="allow") is State.UNPROVEN, "which says what a customer may have"


def test_a_list_that_names_every_address_of_this_machine_is_said_to_be_out_of_reach(look: Look) -> None:
    seen = look("tenant_data", allow("127.0.0.0/8"))
    assert (seen.checked, seen.in_scope, seen.facts["unreached"]) == (0, 2, [mark(tenant) for tenant in TENANTS])
    assert verdict(NETWORK, judges.network, seen, aspect="tenant_data") is State.UNPROVEN


def test_a_refused_range_says_nothing_where_everybody_is_refused(look: Look, monkeypatch: pytest.MonkeyPatch, door: Door) -> None:
    monkeypatch.setattr(network_probe, "_public", lambda: ())
    seen = look("deny", OFFICE, WITNESS)
    assert (seen.checked, seen.in_scope) == (0, 2)
    monkeypatch.setattr(network_probe, "_public", lambda: ("/s/",))
    door.inside = ("127.66.53.1",)
    seen = look("deny", OFFICE, WITNESS)
    assert (seen.checked, seen.in_scope, seen.facts["passes"], seen.facts["shut"]) == (2, 2, [], [])


@pytest.mark.parametrize("status", [400, 429, 500, 503])
def test_an_answer_that_is_neither_admission_nor_refusal_ends_the_run_and_names_no_customer(look: Look, door: Door, status: int) -> None:
    door.odd = {"/no-such-page": status}
    with pytest.raises(EngineError) as failed:
        look("tenant_data", OFFICE)
    for words in (str(failed.value), str(failed.value.fr)):
        assert f"client {mark(TENANTS[0])}/no-such-page" in words
        assert "saint-elan" not in words


@pytest.mark.parametrize(("status", "holds"), [(400, True), (421, True), (403, True), (500, False), (429, False)])
def test_a_spelling_that_the_door_does_not_take_is_refused(look: Look, door: Door, status: int, holds: bool) -> None:
    door.odd = {"/%2e/": status}
    if holds:
        assert look("tenant_url", OFFICE).checked == 2
    else:
        with pytest.raises(EngineError):
            look("tenant_url", OFFICE)


def test_a_door_that_does_not_answer_is_told_without_a_name(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Site, "host", lambda self, tenant: f"{tenant.slug}.elsewhere.example")
    with pytest.raises(EngineError) as failed:
        look("tenant_data", OFFICE)
    assert "saint-elan" not in f"{failed.value} {failed.value.fr}"
    assert f"client {mark(TENANTS[0])}" in str(failed.value)


@contextmanager
def canaries(tenant: TenantFacts, **_: Any) -> Iterator[Canary]:
    yield Canary(uuid.uuid4(), f"garant-temoin-{uuid.uuid4().hex}", "x", b"x" * 20)


@pytest.mark.usefixtures("as_worker")
def test_a_second_factor_that_nobody_was_asked_for_is_not_proven(tmp_path: Path, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "population", lambda: TENANTS)
    monkeypatch.setattr(records, "rules_of", lambda tenant: (OFFICE,))
    with site_of(tmp_path, door.say) as site:
        seen = FactorDefault(site, canaries).observe(Promise("access.factor_default"))
    assert (seen.facts["asked"], seen.checked, seen.in_scope) == (0, 1, 3)
    assert verdict(DEFAULT, judges.factor_default, seen) is State.UNPROVEN


@pytest.mark.parametrize(
    ("status", "state"), [(400, State.KEPT), (403, State.KEPT), (200, State.BROKEN), (404, State.BROKEN), (302, State.BROKEN)]
)
def test_an_odd_spelling_of_a_limited_route_must_not_reach_the_application(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, state: State
) -> None:
    """The application itself would have to refuse: that it does is not Garant's doing (EHQ-23, INT-32)."""
    assert oddly_spelt() == {"/%67estion/": "/gestion/"}
    monkeypatch.setattr(login_probe, "population", lambda: TENANTS)
    monkeypatch.setattr(login_probe, "rules_of", lambda tenant: (HERE,))
    monkeypatch.setattr(login_probe, "sign_in", lambda browser, canary, now: browser.cookies.update(r=canary.login))

    def say(asked: Asked) -> Said:
        if asked.path == "/%67estion/":
            return Said(status, b"", (("Location", "/"),) if status == 302 else ())
        return Said(200 if asked.path == "/" and "r=member" in asked.headers.get("cookie", "") else 403)

    @contextmanager
    def with_roles(tenant: TenantFacts, *, roles: Sequence[str], **_: Any) -> Iterator[Canary]:
        yield Canary(uuid.uuid4(), "".join(roles), "x", b"x" * 20)

    with site_of(tmp_path, say) as site:
        seen = RolesProbe(site, with_roles).observe(Promise("access.roles"))
    assert seen.canary is Planted.HELD
    assert verdict(ROLES, judges.roles, seen) is state
