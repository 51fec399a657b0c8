"""Requests that still run when their decision is revoked: many under one connection, answers of a length that nobody has said."""

import contextlib
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from garant.edge.engines.haproxy import revoke, tidy
from garant.kernel.errors import EngineError
from support.edge import HOST, Rig, session_hash, until


def fresh() -> str:
    return f"sid-{uuid.uuid4().hex}"


def now_ms() -> int:
    return int(time.time() * 1000)


def running(rig: Rig) -> list[str]:
    """The client ends of the requests that run at the application."""
    lines = rig.runtime.ask("show sess").splitlines()
    return [line.split("src=")[1].split()[0] for line in lines if "fe=edge be=application" in line]


@contextlib.contextmanager
def http2(rig: Rig, place: Path, *requests: tuple[str, str]) -> Iterator[list[Path]]:
    """Requests (`session`, `path`) under one HTTP/2 connection; the files where each answer is written."""
    rest = ["--cacert", str(rig.directory / "tls" / "ca.pem"), "--resolve", f"{HOST}:{rig.plan.https}:127.0.0.1", "-sSN"]
    command, files = ["curl", "-Z", "--http2"], [place / str(number) for number, _ in enumerate(requests)]
    for number, (sid, path) in enumerate(requests):
        command += [*(["--next"] if number else []), *rest, "--http2", "-o", str(files[number]), "-H", f"Cookie: __Host-sid={sid}"]
        command += [f"https://{HOST}:{rig.plan.https}{path}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield files
    finally:
        process.kill()
        process.wait(5)


@pytest.mark.parametrize("turn", [0, 1])
def test_two_sessions_of_one_http2_connection_are_each_cut(rig: Rig, turn: int, tmp_path: Path) -> None:
    users = [str(uuid.uuid4()), str(uuid.uuid4())]
    sids = [rig.decide.grant(fresh(), user=user) for user in users]
    with http2(rig, tmp_path, (sids[0], "/stream"), (sids[1], "/stream")) as files:
        until(lambda: len(running(rig)) == 2, what="two requests")
        assert len(set(running(rig))) == 1, "one connection"
        until(lambda: all(file.exists() and file.stat().st_size for file in files), what="two answers")
        assert len(rig.runtime.ask("garant live").splitlines()) == 1
        rig.decide.granted.clear()
        assert revoke(rig.places, [(f"u:{users[turn]}", now_ms())]) >= 1
        until(lambda: running(rig) == [], what="the end of both")


@pytest.mark.parametrize("kind", ["s", "u", "t"])
def test_an_answer_without_a_length_is_cut(rig: Rig, kind: str) -> None:
    user = str(uuid.uuid4())
    sid = rig.decide.grant(fresh(), user=user)
    with rig.connect() as link:
        link.sendall(f"GET /export HTTP/1.1\r\nHost: {HOST}\r\nCookie: __Host-sid={sid}\r\n\r\n".encode())
        assert link.recv(64).startswith(b"HTTP/1.1 200")
        until(lambda: rig.runtime.ask("garant live"), what="the export")
        rig.decide.granted.clear()
        key = {"s": session_hash(sid), "u": user, "t": "saint-elan"}[kind]
        assert revoke(rig.places, [(f"{kind}:{key}", now_ms())]) == 1
        until(lambda: running(rig) == [], what="the end of the export")


def test_an_answer_that_comes_after_its_revocation_is_not_given(rig: Rig) -> None:
    user = str(uuid.uuid4())
    sid = rig.decide.grant(fresh(), user=user)
    rig.application.stream.clear()
    with rig.connect() as link:
        link.settimeout(10)
        link.sendall(f"GET /late HTTP/1.1\r\nHost: {HOST}\r\nCookie: __Host-sid={sid}\r\n\r\n".encode())
        until(lambda: running(rig), what="the question")
        rig.decide.granted.clear()
        assert revoke(rig.places, [(f"u:{user}", now_ms())]) == 0
        rig.application.stream.set()
        received = b""
        with contextlib.suppress(ConnectionError):
            while part := link.recv(65536):
                received += part
        assert b"tick" not in received
        until(lambda: running(rig) == [], what="the end")


def test_an_answer_that_comes_after_its_decision_expired_is_remembered(rig: Rig) -> None:
    user = str(uuid.uuid4())
    sid = rig.decide.grant(fresh(), user=user, life=2)
    rig.application.stream.clear()
    with rig.connect() as link:
        link.sendall(f"GET /late HTTP/1.1\r\nHost: {HOST}\r\nCookie: __Host-sid={sid}\r\n\r\n".encode())
        until(lambda: running(rig), what="the question")
        until(lambda: rig.runtime.ask("garant count") == "0", what="the end of the decision")
        rig.application.stream.set()
        until(lambda: rig.runtime.ask("garant live"), what="the answer")
        assert revoke(rig.places, [(f"s:{session_hash(sid)}", now_ms())]) == 1
        until(lambda: running(rig) == [], what="the end")


def test_an_http2_upload_without_a_length_is_cut(rig: Rig) -> None:
    user = str(uuid.uuid4())
    sid = rig.decide.grant(fresh(), user=user)
    command = ["curl", "-sS", "--http2", "--cacert", str(rig.directory / "tls" / "ca.pem"), "-H", f"Cookie: __Host-sid={sid}"]
    command += ["--resolve", f"{HOST}:{rig.plan.https}:127.0.0.1", "-X", "POST", "-T", "-", f"https://{HOST}:{rig.plan.https}/a"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as upload:
        assert upload.stdin is not None
        upload.stdin.write(b"x" * 10_000)
        upload.stdin.flush()
        until(lambda: rig.runtime.ask("garant live"), what="the upload")
        rig.decide.granted.clear()
        assert revoke(rig.places, [(f"u:{user}", now_ms())]) == 1
        until(lambda: running(rig) == [], what="the end of the upload")
        upload.kill()


def test_a_cut_that_failed_is_tried_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    user = str(uuid.uuid4())
    link = rig.websocket(sid=rig.decide.grant(fresh(), user=user))
    assert link.say("allo") == "allo"
    rig.decide.granted.clear()
    moment = now_ms()

    def fails(*_: object) -> int:
        raise EngineError("HAProxy does not answer")

    with monkeypatch.context() as patch:
        patch.setattr("garant.edge.engines.haproxy.cut_sessions", fails)
        with pytest.raises(EngineError):
            revoke(rig.places, [(f"u:{user}", moment)])
    assert link.say("encore") == "encore"
    assert revoke(rig.places, [(f"u:{user}", moment)]) == 1
    assert link.closed_within(5)
    assert revoke(rig.places, [(f"u:{user}", moment)]) == 0


def test_what_began_while_the_edge_was_tidied_is_kept(rig: Rig) -> None:
    link = rig.websocket(sid=rig.decide.grant(fresh()))
    address, port, number = until(lambda: rig.runtime.ask("garant live"), what="the socket").split()
    assert rig.runtime.ask(f"garant ended {address} {port} {int(number) - 1}") == "ok"
    tidy(rig.runtime)
    assert rig.runtime.ask("garant live") == f"{address} {port} {number}"
    link.link.close()
