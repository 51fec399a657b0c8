"""The TLS measure from the greeting to the verdict's sentence, against a real HAProxy: kept as it should be, broken where it was spoilt."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from garant.assurance.engines import tls
from garant.assurance.engines.tls import TlsAsServed, clear_listener
from garant.assurance.policy import judges
from garant.drivers import tls_probe
from garant.drivers.tls_probe import speaks
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Evidence, Finding, Promise
from garant.project.supervisor.sockets import Sockets
from support.door import BASE, HOSTS, NAMES, door
from support.tls import LEGACY, Authority, rsa_key

NOW = datetime.now(UTC)


def judged(deployment: Deployment, aspect: str, *, process: int | None = None) -> Finding:
    """The finding of one run. `process`: whose listeners count as ours; default, nobody's."""
    state = {"processes": {"haproxy": {"pid": process or 2**22 + 1}}}
    (deployment.data / "run").mkdir(exist_ok=True)
    (deployment.data / "run" / "state.json").write_text(json.dumps(state), encoding="utf-8")
    promise = Promise("assurance.tls", {"aspect": aspect})
    seen = TlsAsServed(deployment, lambda: HOSTS).observe(promise)
    assert seen.checked == seen.in_scope >= len(HOSTS)
    assert seen.canary is (Canary.HELD if "ports" in seen.facts else Canary.NONE)
    run = Evidence("e", "p", "m", NOW, NOW, NOW + timedelta(days=1), 1, 1, seen.facts, seen.canary, (), None, "0" * 64, 1)
    return judges.tls(promise, run)


@pytest.mark.parametrize("aspect", ["every_connection", "remote_systems", "strength", "certificate"])
def test_a_sound_edge_holds(tmp_path: Path, aspect: str) -> None:
    with door(tmp_path) as deployment:
        finding = judged(deployment, aspect)
    assert finding.holds is True, finding.reason.en


@contextmanager
def listening_in_clear() -> Iterator[int]:
    """A port open to the outside, in clear, in this process."""
    with socket.create_server(("0.0.0.0", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


def test_a_port_of_ours_in_clear_breaks_and_somebody_else_s_does_not(tmp_path: Path) -> None:
    with door(tmp_path) as deployment, listening_in_clear() as port:
        assert judged(deployment, "every_connection").holds is True
        finding = judged(deployment, "every_connection", process=os.getpid())
    assert finding.holds is False
    assert str(port) in finding.reason.fr


@contextmanager
def told_by_a_supervisor(data: Path, *held: str) -> Iterator[None]:
    """Somebody looks every tenth of a second and says that these sockets are Garant's."""
    stop, place = threading.Event(), data / "run" / "sockets.json"
    place.parent.mkdir(exist_ok=True)

    def look() -> None:
        looks = 0
        while not stop.wait(0.1 if looks else 0):
            looks += 1
            temporary = place.with_suffix(".new")
            temporary.write_text(json.dumps({"looks": looks, "held": held}), encoding="utf-8")
            temporary.replace(place)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)


def test_what_a_user_may_not_look_into_is_told_by_the_supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the service user: no process of another user shows its files, so that no listener has an owner."""
    monkeypatch.setattr(tls_probe, "_owners", lambda proc, inodes: {})
    monkeypatch.setattr(tls_probe, "opaque", lambda pids: frozenset({1}))
    monkeypatch.setattr(tls, "NEWS", 2.0)
    with door(tmp_path) as deployment, listening_in_clear() as port:
        (inodes,) = (each.inodes for each in tls_probe.listeners() if each.port == port)
        unknown = judged(deployment, "every_connection")
        assert unknown.holds is None
        with told_by_a_supervisor(tmp_path):
            assert judged(deployment, "every_connection").holds is True
        with told_by_a_supervisor(tmp_path, *inodes):
            finding = judged(deployment, "every_connection")
        assert finding.holds is False
        assert str(port) in finding.reason.fr
        assert judged(deployment, "every_connection").holds is None, "a supervisor that no longer looks tells nothing"


def test_a_supervisor_sees_the_sockets_of_its_own_processes(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        (inodes,) = (each.inodes for each in tls_probe.listeners() if each.port == server.getsockname()[1])
        Sockets(tmp_path).tend()
        seen = json.loads((tmp_path / "run" / "sockets.json").read_text(encoding="utf-8"))
        assert set(inodes) <= set(seen["held"])
        everyone = {inode for each in tls_probe.listeners() for inode in each.inodes}
        assert tls_probe.held([2**22 + 1]) == frozenset()
        assert set(seen["held"]) <= everyone


def test_the_canary_s_port_answers_in_clear_and_closes() -> None:
    with clear_listener() as port:
        assert speaks("127.0.0.1", port, host=BASE) == "clear"
    assert speaks("127.0.0.1", port, host=BASE) == "mute"


def test_without_hsts_connections_are_not_all_tls(tmp_path: Path) -> None:
    with door(tmp_path, hsts=False) as deployment:
        assert "HSTS" in judged(deployment, "every_connection").reason.fr
        assert judged(deployment, "remote_systems").holds is True


def test_weak_suites_and_versions_break_strength_alone(tmp_path: Path) -> None:
    with door(tmp_path, ciphers="ALL:@SECLEVEL=0", minimum="TLSv1.0", key=rsa_key(2048)) as deployment:
        finding = judged(deployment, "strength")
        assert finding.holds is False
        assert "TLS 1.0" in finding.reason.en
        assert judged(deployment, "certificate").holds is True


def test_the_legacy_profile_is_not_called_strong_and_says_for_whom_it_is_so(tmp_path: Path) -> None:
    with door(tmp_path, ciphers=LEGACY, key=rsa_key(2048)) as deployment:
        legacy = Deployment(**{**vars(deployment), "tls_profile": "legacy"})
        finding = judged(legacy, "strength")
    assert finding.holds is False
    assert "EHQ-76" in finding.reason.fr


def test_a_short_key_breaks_strength(tmp_path: Path) -> None:
    with door(tmp_path, ciphers="ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", key=rsa_key(1024)) as deployment:
        finding = judged(deployment, "strength")
    assert finding.holds is False


@pytest.mark.parametrize(("days", "names"), [(-2, NAMES), (20, NAMES), (90, ("other.example",)), (90, (BASE,))])
def test_a_certificate_that_is_over_nearly_over_or_of_another_name_breaks(tmp_path: Path, days: int, names: tuple[str, ...]) -> None:
    authority = Authority(tmp_path / "ca")
    leaf = authority.leaf(tmp_path / "bad.pem", names, days=days)
    with door(tmp_path, certificate=leaf) as deployment:
        mine = Deployment(**{**vars(deployment), "authority": tmp_path / "trusted.pem"})
        (tmp_path / "trusted.pem").write_bytes(
            leaf.read_bytes().split(b"-----BEGIN EC")[0].split(b"-----END CERTIFICATE-----\n")[1] + b"-----END CERTIFICATE-----\n"
        )
        assert judged(mine, "certificate").holds is False
        assert judged(mine, "strength").holds is False


def test_without_an_edge_nothing_can_be_said(tmp_path: Path) -> None:
    nowhere = Deployment(base=BASE, https=1, http=2, data=tmp_path)
    with pytest.raises(EngineError):
        TlsAsServed(nowhere, lambda: HOSTS).observe(Promise("assurance.tls", {"aspect": "certificate"}))
    with pytest.raises(EngineError, match="garant up"):
        TlsAsServed(nowhere, lambda: HOSTS).observe(Promise("assurance.tls", {"aspect": "every_connection"}))
