"""Real handshakes with each TLS profile, and a certificate that is renewed while the edge runs."""

import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from garant.drivers import haproxy
from garant.edge.engines.haproxy import reload, write_certificates
from support.edge import HOST, Rig, edge_rig, until

GCM = "ECDHE-ECDSA-AES128-GCM-SHA256"
CBC = ("ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-RSA-AES256-SHA384")


@pytest.fixture(scope="module", params=["modern", "intermediate", "legacy"])
def profiled(request: pytest.FixtureRequest) -> Iterator[tuple[str, Rig]]:
    with edge_rig(profile=request.param) as made:
        yield request.param, made


def handshake(rig: Rig, version: ssl.TLSVersion, suites: str = "") -> tuple[str, str] | None:
    """Version and suite of a whole handshake whose chain was checked, None when the edge refused it."""
    context = rig.context()
    context.minimum_version = context.maximum_version = version
    if suites:
        context.set_ciphers(f"{suites}:@SECLEVEL=0")
    rig.context = lambda: context  # type: ignore[method-assign]
    try:
        with rig.connect() as link:
            found = link.cipher()
            assert found is not None
            return str(link.version()), found[0]
    except ssl.SSLError:
        return None
    finally:
        del rig.context


def test_every_profile_serves_tls_13(profiled: tuple[str, Rig]) -> None:
    found = handshake(profiled[1], ssl.TLSVersion.TLSv1_3)
    assert found is not None
    assert found[0] == "TLSv1.3"


def test_modern_refuses_tls_12_and_the_others_serve_it(profiled: tuple[str, Rig]) -> None:
    name, rig = profiled
    assert handshake(rig, ssl.TLSVersion.TLSv1_2, GCM) == (None if name == "modern" else ("TLSv1.2", GCM))


@pytest.mark.parametrize("suite", CBC)
def test_only_legacy_serves_cbc(profiled: tuple[str, Rig], suite: str) -> None:
    name, rig = profiled
    assert handshake(rig, ssl.TLSVersion.TLSv1_2, suite) == (("TLSv1.2", suite) if name == "legacy" else None)


def test_legacy_keeps_cbc_for_those_who_have_nothing_else(profiled: tuple[str, Rig]) -> None:
    name, rig = profiled
    found = handshake(rig, ssl.TLSVersion.TLSv1_2, ":".join((*CBC, GCM)))
    assert found == (None if name == "modern" else ("TLSv1.2", GCM))


@pytest.mark.parametrize(
    "suite", ["AES128-GCM-SHA256", "AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"]
)
def test_no_profile_serves_sha_1_or_a_key_exchange_without_curves(profiled: tuple[str, Rig], suite: str) -> None:
    assert handshake(profiled[1], ssl.TLSVersion.TLSv1_2, suite) is None


def serial(rig: Rig) -> str:
    """Of the certificate that is served; its dates are not looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    rig.context = lambda: context  # type: ignore[method-assign]
    try:
        with rig.connect() as link:
            return str(link.getpeercert(binary_form=True))
    finally:
        del rig.context


def test_a_renewed_certificate_is_served_without_a_restart() -> None:
    with edge_rig() as rig:
        assert rig.process is not None
        sid = rig.decide.grant("sid-renewed")
        link = rig.websocket(sid=sid)
        before, master = serial(rig), rig.process.pid
        now = datetime.now(UTC)
        assert not write_certificates(rig.places, rig.plan, authority=rig.directory / "tls", certificate=None, now=now + timedelta(days=50))
        assert serial(rig) == before
        assert write_certificates(rig.places, rig.plan, authority=rig.directory / "tls", certificate=None, now=now + timedelta(days=70))
        haproxy.check(rig.places.configuration)
        reload(rig.places)
        until(lambda: rig.answers() and serial(rig) != before, what="the new certificate")
        assert (rig.process.pid, rig.process.poll()) == (master, None)
        assert link.say("encore") == "encore"
        link.link.close()


CLOCK = "local now, time = core.now, os.time"
STEPPED = """local now, time = core.now, function()
  local file = io.open("{place}")
  local step = file and tonumber(file:read("a")) or 0
  if file then file:close() end
  return os.time() + step
end"""


@pytest.fixture
def stepped() -> Iterator[Rig]:
    """An edge whose wall clock reads a file for how far it is off."""
    with edge_rig(life_seconds=3) as rig:
        path = rig.places.run / "decisions.lua"
        text = path.read_text()
        assert text.count(CLOCK) == 1
        path.write_text(text.replace(CLOCK, STEPPED.format(place=rig.places.run / "step")))
        rig.stop()
        rig.start()
        yield rig


def step(rig: Rig, seconds: int) -> None:
    (rig.places.run / "step").write_text(str(seconds))


@pytest.mark.parametrize("seconds", [-3600, -30])
def test_a_clock_that_steps_back_makes_no_decision_live_longer(stepped: Rig, seconds: int) -> None:
    rig = stepped
    sid = rig.decide.grant("sid-back")
    assert rig.ask("/", sid=sid).server == "application"
    step(rig, seconds)
    rig.decide.granted.clear()
    assert rig.ask("/", sid=sid).server == "application", "known still: the life is measured on a clock that never steps"
    until(lambda: rig.ask("/", sid=sid).server == "web", limit=15, what="the end of the decision")
    assert rig.runtime.ask("garant count") == "0"
    rig.decide.grant("sid-behind", life=3600)
    assert rig.ask("/", sid="sid-behind").server == "application", "a decision of the right clock is bounded, not refused"
    rig.decide.granted.clear()
    until(lambda: rig.ask("/", sid="sid-behind").server == "web", limit=15, what="its end")


def test_a_clock_that_steps_forward_ends_every_decision(stepped: Rig) -> None:
    rig = stepped
    sid = rig.decide.grant("sid-forward")
    assert rig.ask("/", sid=sid).server == "application"
    rig.decide.granted.clear()
    step(rig, 3600)
    assert rig.ask("/", sid=sid).server == "web"
    step(rig, 0)


def test_an_expired_decision_is_not_believed_even_before_it_is_swept() -> None:
    """The answer's own end counts, not only the sweep's: here nothing is swept."""
    with edge_rig() as rig:
        path = rig.places.run / "decisions.lua"
        text = path.read_text()
        assert text.count("core.msleep(1000)") == 1
        path.write_text(text.replace("core.msleep(1000)", "core.msleep(3600000)"))
        rig.stop()
        rig.start()
        sid = rig.decide.grant("sid-unswept", life=2)
        assert rig.ask("/", sid=sid).server == "application"
        rig.decide.granted.clear()
        until(lambda: rig.ask("/", sid=sid).server == "web", limit=15, what="the end of the decision")
        assert rig.runtime.ask("garant count") == "1"


def test_without_the_decision_service_nothing_new_is_opened_and_nothing_else_is_closed() -> None:
    with edge_rig() as rig:
        known = rig.decide.grant("sid-known", life=8)
        other = rig.decide.grant("sid-other", tenant="trois-rapides", life=8)
        late = rig.decide.grant("sid-late")
        assert rig.ask("/", sid=known).server == rig.ask("/", sid=other, host="trois-rapides.garant.localhost").server == "application"
        asked = len(rig.decide.asked)
        rig.loop.end("decide")
        (rig.places.run / "decide.sock").unlink(missing_ok=True)
        until(lambda: ",DOWN," in rig.runtime.ask("show stat decide 4 -1"), what="the check")
        begun = time.monotonic()
        for host in (HOST, "trois-rapides.garant.localhost"):
            for method, path in (("GET", "/"), ("POST", "/dossiers/"), ("GET", "/public/a"), ("GET", "/gestion/")):
                answer = rig.ask(path, sid=late, host=host, method=method, body=b"a" if method == "POST" else None)
                assert (answer.status, answer.header("retry-after"), answer.server) == (503, "5", ""), (host, method, path)
            assert rig.ask("/public/a", host=host).server == "application"
            assert rig.ask("/.garant/fr/login/", host=host).server == "web"
            assert rig.ask("/.garant/fr/login/", host=host, method="POST", body=b"a").server == "web"
            assert rig.ask("/dossiers/", host=host).server == "web"
        hits = {host: rig.ask("/", sid=sid, host=host) for host, sid in ((HOST, known), ("trois-rapides.garant.localhost", other))}
        if time.monotonic() - begun < 5:
            assert {answer.server for answer in hits.values()} == {"application"}
        until(lambda: rig.ask("/", sid=known).status == 503, limit=25, what="the end of the last decision")
        assert len(rig.decide.asked) == asked, "nobody was asked"
