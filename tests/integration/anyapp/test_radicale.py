"""Any HTTP application: a calendar server that knows nothing of Garant, behind a real edge, with all of WebDAV's verbs."""

import hashlib

import pytest

from support.edge import HOST, OTHER, edge_rig
from support.upstreams import radicale

CALENDAR = "/rosalie/agenda/"
MAKE = b"""<?xml version="1.0"?><C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:set><D:prop><D:displayname>Agenda</D:displayname></D:prop></D:set></C:mkcalendar>"""
FIND = b"""<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><D:displayname/><D:getetag/></D:prop></D:propfind>"""
REPORT = b"""<?xml version="1.0"?><C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
<C:time-range start="20261123T000000Z" end="20261124T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"""
XML = {"Content-Type": "application/xml; charset=utf-8"}


def event(uid: str, *, day: str = "20261123", description: str = "-") -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//test//FR", "BEGIN:VEVENT", f"UID:{uid}", f"DTSTAMP:{day}T120000Z"]
    lines += [f"DTSTART:{day}T130000Z", f"DTEND:{day}T140000Z", "SUMMARY:Conseil municipal", f"DESCRIPTION:{description}"]
    return "\r\n".join([*lines, "END:VEVENT", "END:VCALENDAR", ""]).encode()


@pytest.fixture(scope="module")
def rig():
    with radicale() as port, edge_rig(application=f"127.0.0.1:{port}", routes=()) as made:
        made.decide.grant("rosalie")
        assert made.ask("/rosalie/", sid="rosalie", method="MKCOL").status == 201
        assert made.ask(CALENDAR, sid="rosalie", method="MKCALENDAR", body=MAKE, headers=XML).status == 201
        yield made


def test_every_verb_of_a_calendars_life_passes(rig):
    """MKCOL and MKCALENDAR were in the fixture; PUT, PROPFIND, REPORT, MOVE, OPTIONS, DELETE, each with its own answer."""
    assert (
        rig.ask(f"{CALENDAR}a.ics", sid="rosalie", method="PUT", body=event("a"), headers={"Content-Type": "text/calendar"}).status == 201
    )
    assert rig.ask(f"{CALENDAR}b.ics", sid="rosalie", method="PUT", body=event("b", day="20270101")).status == 201
    found = rig.ask(CALENDAR, sid="rosalie", method="PROPFIND", body=FIND, headers={**XML, "Depth": "1"})
    assert found.status == 207
    assert b"a.ics" in found.body
    assert b"b.ics" in found.body
    report = rig.ask(CALENDAR, sid="rosalie", method="REPORT", body=REPORT, headers={**XML, "Depth": "1"})
    assert report.status == 207
    assert b"a.ics" in report.body
    assert b"b.ics" not in report.body  # the filter reached the server whole
    etag = rig.ask(f"{CALENDAR}a.ics", sid="rosalie").header("etag")
    stale = rig.ask(f"{CALENDAR}a.ics", sid="rosalie", method="PUT", body=event("a"), headers={"If-Match": '"stale"'})
    assert (etag is not None, stale.status) == (True, 412)
    moved = rig.ask(
        f"{CALENDAR}b.ics", sid="rosalie", method="MOVE", headers={"Destination": f"https://{HOST}:{rig.plan.https}{CALENDAR}c.ics"}
    )
    assert moved.status in (201, 204)
    assert "REPORT" in (rig.ask(CALENDAR, sid="rosalie", method="OPTIONS").header("allow") or "")
    for name in ("a", "c"):
        assert rig.ask(f"{CALENDAR}{name}.ics", sid="rosalie", method="DELETE").status == 200
    assert rig.ask(f"{CALENDAR}a.ics", sid="rosalie").status == 404


@pytest.mark.parametrize("verb", ["GET", "PROPFIND", "REPORT", "PUT", "MKCALENDAR", "DELETE", "MOVE", "PROPPATCH", "OPTIONS"])
def test_without_a_session_no_verb_reaches_it(rig, verb):
    """The stand-in web process answers in its place; the calendar is as it was."""
    before = rig.ask(CALENDAR, sid="rosalie", method="PROPFIND", body=FIND, headers={**XML, "Depth": "1"}).body
    answer = rig.ask(CALENDAR, method=verb, body=b"x" if verb in ("PUT", "REPORT") else None, headers={"X-Garant-User": "forged"})
    assert answer.seen["server"] == "web"
    assert rig.ask(CALENDAR, sid="rosalie", method="PROPFIND", body=FIND, headers={**XML, "Depth": "1"}).body == before


def test_a_session_of_one_tenant_reaches_nothing_at_the_host_of_another(rig):
    assert rig.ask(CALENDAR, host=OTHER, sid="rosalie", method="PROPFIND", body=FIND, headers=XML).status in (403, 503)


def test_a_long_event_on_a_missed_request_arrives_whole(rig):
    """Half a megabyte, which the server parses and folds, in the very request for which the edge has to ask who this is."""
    sid = rig.decide.grant("rosalie-at-home")
    description = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(8_000))
    asked = len(rig.decide.asked)
    answer = rig.ask(f"{CALENDAR}big.ics", sid=sid, method="PUT", body=event("big", description=description), limit=90)
    assert answer.status == 201
    assert len(rig.decide.asked) == asked + 1
    back = rig.ask(f"{CALENDAR}big.ics", sid=sid, limit=90).body.replace(b"\r\n ", b"")
    assert description.encode() in back
    assert rig.ask(f"{CALENDAR}big.ics", sid=sid, method="DELETE").status == 200
