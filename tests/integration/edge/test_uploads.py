"""Bodies on a miss: the edge asks its question before it reads them, so that nothing is sent twice and nothing leaks."""

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.edge import HOST, Rig

MEGABYTE = b"x" * (1 << 20)


def chunks(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield MEGABYTE


def test_trap_5_a_large_body_on_a_miss_arrives_whole_and_once(rig: Rig) -> None:
    answer = rig.ask("/televersement", method="POST", sid=rig.decide.grant(uuid.uuid4().hex), body=(30 << 20, chunks(30)))
    assert (answer.status, answer.seen["size"]) == (200, 30 << 20)
    assert len(rig.application.seen) == len(rig.decide.asked) == 1
    assert "content-length" not in rig.decide.asked[0]
    assert (rig.decide.asked[0]["method"], rig.decide.asked[0]["path"]) == ("GET", "/decide")
    assert not [name for name, _ in answer.headers if "decision" in name.lower() or "garant" in name.lower()]


def test_trap_5_the_same_over_http2(rig: Rig, tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(MEGABYTE * 30)
    command = [
        "curl",
        "-sS",
        "--http2",
        "--cacert",
        str(rig.directory / "tls" / "ca.pem"),
        "--resolve",
        f"{HOST}:{rig.plan.https}:127.0.0.1",
    ]
    command += ["-H", f"Cookie: __Host-sid={rig.decide.grant(uuid.uuid4().hex)}", "-H", "Expect:", "--data-binary", f"@{body}"]
    command += ["-w", "\n%{http_code} %{http_version}", f"https://{HOST}:{rig.plan.https}/televersement"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert said.endswith("\n200 2")
    assert f'"size": {30 << 20}' in said
    assert len(rig.application.seen) == 1


def test_a_body_without_a_decision_is_refused_before_it_is_sent_on(rig: Rig) -> None:
    answer = rig.ask("/televersement", method="POST", sid="sid-unknown", body=b"x" * 1000)
    assert answer.server == "web"
    assert rig.application.seen == []


def test_a_websocket_opens_on_a_miss_and_on_a_hit(rig: Rig) -> None:
    sid = rig.decide.grant(uuid.uuid4().hex)
    for asked in (1, 1):
        link = rig.websocket(sid=sid)
        assert (link.status, link.say("allo")) == (101, "allo")
        assert len(rig.decide.asked) == asked
        link.link.close()
    assert rig.application.seen[-1]["x-garant-tenant"] == "saint-elan"
    rig.websocket(sid="sid-unknown").link.close()
    assert len(rig.application.seen) == 2


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_gigabyte_on_a_miss(rig: Rig) -> None:
    answer = rig.ask("/televersement", method="PUT", sid=rig.decide.grant(uuid.uuid4().hex), body=(1 << 30, chunks(1024)), limit=600)
    assert (answer.status, answer.seen["size"]) == (200, 1 << 30)
