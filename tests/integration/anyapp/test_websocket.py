"""Any HTTP application: a server of aiohttp behind a real edge, with WebSockets and with very large bodies."""

import hashlib

import pytest

from support.edge import edge_rig, until
from support.upstreams import websocket_echo


@pytest.fixture(scope="module")
def rig():
    with websocket_echo() as port, edge_rig(application=f"127.0.0.1:{port}", routes=()) as made:
        yield made


def test_a_websocket_opens_on_a_missed_request_and_again_on_a_hit(rig):
    sid = rig.decide.grant("rosalie")
    for asked in (1, 1):
        channel = rig.websocket(sid=sid)
        assert channel.status == 101
        assert [channel.say(text) for text in ("bonjour", "l'été")] == ["bonjour", "l'été"]
        assert len(rig.decide.asked) == asked
        channel.link.close()


def test_without_a_session_it_does_not_open(rig):
    """The request goes to the stand-in of the sign-in pages, never to the application."""
    for number, sid in enumerate(("", "never-granted"), len(rig.web.seen) + 1):
        rig.websocket(sid=sid)
        until(lambda expected=number: len(rig.web.seen) == expected, what="the handshake at the sign-in pages")
        assert rig.web.seen[-1]["upgrade"] == "websocket"


def test_two_people_do_not_hear_each_other(rig):
    one, other = (rig.websocket(sid=rig.decide.grant(name)) for name in ("rosalie-1", "omer-1"))
    assert one.say("à une") == "à une"
    assert other.say("à l'autre") == "à l'autre"
    one.link.close()
    other.link.close()


def test_a_quarter_of_a_gigabyte_on_a_missed_request_arrives_whole(rig):
    """In the very request for which the edge has to ask who this is; once, and byte for byte."""
    sid, chunk, times = rig.decide.grant("rosalie-at-home"), bytes(range(256)) * 4096, 256
    expected = hashlib.sha256()
    for _ in range(times):
        expected.update(chunk)
    asked = len(rig.decide.asked)
    answer = rig.ask("/digest", sid=sid, method="POST", body=(len(chunk) * times, (chunk for _ in range(times))), limit=120)
    assert (answer.status, answer.body.decode()) == (200, f"{len(chunk) * times} {expected.hexdigest()}")
    assert len(rig.decide.asked) == asked + 1
