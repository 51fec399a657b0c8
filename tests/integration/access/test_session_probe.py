"""The examination of cookies, tried on sites that do it right and on sites that do it wrong (INT-34, INT-35, INT-36, INT-37)."""

import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from garant.access.engines import session_probe
from garant.access.engines.probes import Canary, Site
from garant.access.engines.session_probe import SessionProbe
from garant.access.policy import judges
from garant.access.promises import COOKIE as COOKIE_MEASURE
from garant.identity.queries import TenantFacts
from garant.kernel.clock import ManualClock
from garant.kernel.deployment import Deployment
from garant.kernel.promise import Canary as Planted
from garant.kernel.promise import Evidence, Observation, Promise
from garant.kernel.verdicts import State, judge_measure
from support import stub
from support.little import Server

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
TENANTS = [
    TenantFacts(uuid.uuid4(), slug, slug.title(), False, "fr-ca", "America/Toronto", False) for slug in ("saint-elan", "trois-rapides")
]


@contextmanager
def canaries(tenant: TenantFacts, **_: Any) -> Iterator[Canary]:
    yield Canary(uuid.uuid4(), "garant-temoin", secrets.token_urlsafe(24), b"x" * 20)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def probe(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionProbe]:
    monkeypatch.setattr(session_probe, "population", lambda: TENANTS)
    monkeypatch.setattr(session_probe, "rules_of", lambda tenant: ())
    monkeypatch.setattr(session_probe, "REACH", 0.3)
    with stub.site(tmp_path, server.say) as made:
        place = Deployment("garant.localhost", made.port, 0, tmp_path, authority=made.authority, clock=ManualClock(NOW))
        yield SessionProbe(Site(place), canaries)


def verdict(promise: Promise, seen: Observation) -> State:
    """What a run of this observation alone would be published as."""
    facts = dict(seen.facts)
    run = Evidence(
        "e", promise.identity, "m", NOW, NOW, NOW + timedelta(hours=1), seen.checked, seen.in_scope, facts, seen.canary, (), None, "d", 1
    )

    return judge_measure(promise, COOKIE_MEASURE, judges.session_cookie, [run], NOW).state


@pytest.mark.parametrize("aspect", ["opaque", "no_credentials", "nothing_else", "identifiers"])
def test_a_site_that_does_it_right_is_kept(probe: SessionProbe, aspect: str) -> None:
    promise = Promise("access.session_cookie", {"aspect": aspect})
    seen = probe.observe(promise)
    assert (seen.checked, seen.in_scope, seen.canary, seen.facts["faults"]) == (2, 2, Planted.HELD, [])
    assert verdict(promise, seen) is State.KEPT


@pytest.mark.parametrize(
    ("aspect", "fault", "code"),
    [
        ("opaque", "alive", "alive_after"),
        ("opaque", "bare", "marks"),
        ("opaque", "lasting", "lasting"),
        ("no_credentials", "credentials", "name:x"),
        ("nothing_else", "unlisted", "unlisted:panier"),
        ("identifiers", "not_rotated", "not_rotated"),
        ("identifiers", "fixed", "fixed"),
        ("identifiers", "short", "short"),
    ],
)
def test_a_site_that_does_it_wrong_is_broken(probe: SessionProbe, server: Server, aspect: str, fault: str, code: str) -> None:
    server.fault = fault
    promise = Promise("access.session_cookie", {"aspect": aspect})
    seen = probe.observe(promise)
    faults = seen.facts["faults"]
    assert isinstance(faults, list)
    assert code in faults
    assert verdict(promise, seen) is State.BROKEN


def test_an_examiner_that_sees_nothing_makes_the_run_void(probe: SessionProbe, monkeypatch: pytest.MonkeyPatch) -> None:
    blind = {**session_probe.EXAMINERS, "no_credentials": lambda visit, parameters: iter(())}
    monkeypatch.setattr(session_probe, "EXAMINERS", blind)
    promise = Promise("access.session_cookie", {"aspect": "no_credentials"})
    seen = probe.observe(promise)
    assert seen.canary is Planted.MISSED
    assert verdict(promise, seen) is State.UNPROVEN


@pytest.mark.parametrize("text", ["garant-temoin", "garant%2Dtemoin", "Z2FyYW50LXRlbW9pbg", "6761 72616e742d74656d6f696e".replace(" ", "")])
def test_a_name_is_found_however_it_is_coded(text: str) -> None:
    assert any("garant-temoin" in reading for reading in session_probe.readings(f"x={text}; Path=/"))


@pytest.mark.parametrize(("identifier", "bits"), [("", 0), ("0" * 10, 33), ("a1" * 8, 64), ("A" * 43, 258), ("é", 0)])
def test_bits_are_what_the_alphabet_can_carry(identifier: str, bits: int) -> None:
    assert session_probe.bits(identifier) == bits
