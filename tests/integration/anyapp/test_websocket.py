"""Any HTTP application: a WebSocket server of aiohttp, unchanged, behind a real edge."""

import pytest

from support.edge import edge_rig
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
    """The request goes to the stand-in of the sign-in pages, which has seen it when the handshake ends."""
    for number, sid in enumerate(("", "never-granted"), len(rig.web.seen) + 1):
        rig.websocket(sid=sid)
        assert [seen.get("upgrade") for seen in rig.web.seen[number - 1 :]] == ["websocket"]


def test_two_people_do_not_hear_each_other(rig):
    one, other = (rig.websocket(sid=rig.decide.grant(name)) for name in ("rosalie-1", "omer-1"))
    assert one.say("à une") == "à une"
    assert other.say("à l'autre") == "à l'autre"
    one.link.close()
    other.link.close()
