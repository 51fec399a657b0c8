"""The examination of cookies, tried on sites that do it right and on sites that do it wrong (INT-34, INT-35, INT-36, INT-37)."""

import secrets
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
from support.stub import Asked, Said

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
TENANTS = [
    TenantFacts(uuid.uuid4(), slug, slug.title(), False, "fr-ca", "America/Toronto", False) for slug in ("saint-elan", "trois-rapides")
]
FORM = b'<form><input name="csrfmiddlewaretoken" value="t"></form>'
GOOD = "Path=/; Secure; HttpOnly; SameSite=Lax"


@dataclass
class Server:
    """A little Garant. `fault`: what it does wrong. Sessions: identifier to how far its login is (0, 1, 2)."""

    fault: str = ""
    sessions: dict[str, int] = field(default_factory=dict)

    def say(self, asked: Asked) -> Said:
        held = asked.cookies.get("__Host-sid", "")
        steps: dict[str, Callable[[str], Said]] = {
            "/.garant/fr/login/": lambda sid: self._step(sid, 0, asked, "/.garant/fr/login/code/"),
            "/.garant/fr/login/code/": lambda sid: self._step(sid, 1, asked, "/"),
            "/.garant/fr/logout/": lambda sid: self._logout(sid, asked),
        }
        if asked.path in steps:
            return steps[asked.path](held)
        if self.sessions.get(held) == 2:
            extra = {"unlisted": "panier=1", "credentials": f"x={b64encode(b'who=garant-temoin').decode()}"}.get(self.fault)
            return Said(200, b"data", (("Set-Cookie", f"{extra}; Path=/"),) if extra else ())
        return Said(302, b"", (("Location", "/.garant/fr/login/"),))

    def _step(self, held: str, step: int, asked: Asked, onwards: str) -> Said:
        if asked.method == "GET":
            if held in self.sessions or (self.fault == "fixed" and held):
                self.sessions.setdefault(held, step)
                return Said(200, FORM)
            return Said(200, FORM, (self._cookie(self._new(0)),))
        if self.fault in ("not_rotated", "fixed"):
            self.sessions[held] = step + 1
            return Said(302, b"", (("Location", onwards),))
        self.sessions.pop(held, None)
        return Said(302, b"", (("Location", onwards), self._cookie(self._new(step + 1))))

    def _logout(self, held: str, asked: Asked) -> Said:
        if asked.method == "GET":
            return Said(200, FORM)
        if self.fault != "alive":
            self.sessions.pop(held, None)
        return Said(302, b"", (("Location", "/"), ("Set-Cookie", '__Host-sid=""; Max-Age=0; Path=/')))

    def _new(self, step: int) -> str:
        length = 8 if self.fault == "short" else 32
        made = secrets.token_urlsafe(length)
        self.sessions[made] = step
        return made

    def _cookie(self, identifier: str) -> tuple[str, str]:
        marks = {"bare": "Path=/", "lasting": f"{GOOD}; Max-Age=99999"}.get(self.fault, GOOD)
        return "Set-Cookie", f"__Host-sid={identifier}; {marks}"


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
