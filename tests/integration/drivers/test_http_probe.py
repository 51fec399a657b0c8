"""The HTTPS probe against a real TLS listener: sources, verification, cookies, limits and broken answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from garant.drivers.http_probe import HttpProbe
from garant.kernel.errors import EngineError
from support.stub import Asked, Said, Site, site

HOST = "saint-elan.garant.localhost"


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, lambda asked: Said()) as made:
        yield made


@pytest.fixture
def probe(stub: Site) -> HttpProbe:
    return HttpProbe(connect="127.0.0.1", port=stub.port, authority=stub.authority, seconds=5)


def test_the_question_comes_from_the_chosen_address_under_the_right_name(stub: Site, probe: HttpProbe) -> None:
    assert probe.ask(HOST, "/dossiers?x=1", source="127.66.53.1").status == 200
    (asked,) = stub.asked
    assert (asked.source, asked.host, asked.path, asked.method) == ("127.66.53.1", HOST, "/dossiers?x=1", "GET")


def test_a_name_that_the_certificate_does_not_carry_is_no_answer(probe: HttpProbe) -> None:
    with pytest.raises(EngineError, match="did not answer"):
        probe.ask("elsewhere.example.org", "/")


def test_an_authority_that_we_do_not_know_is_no_answer(stub: Site) -> None:
    with pytest.raises(EngineError, match="certificate"):
        HttpProbe(connect="127.0.0.1", port=stub.port, authority=None).ask(HOST, "/")


def test_nobody_listening_is_no_answer(probe: HttpProbe) -> None:
    with pytest.raises(EngineError, match="did not answer"):
        HttpProbe(connect="127.0.0.1", port=9, authority=None, seconds=2).ask(HOST, "/")


def test_headers_cookies_and_chunked_bodies_are_read_as_sent(stub: Site, probe: HttpProbe) -> None:
    headers = (("Set-Cookie", "__Host-sid=a=b; Path=/; Secure"), ("Set-Cookie", "x=1"), ("Transfer-Encoding", "chunked"))
    stub.say = lambda asked: Said(403, b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n", headers)
    answer = probe.ask(HOST, "/")
    assert (answer.status, answer.body, answer.cookies) == (403, b"hello world", {"__Host-sid": "a=b", "x": "1"})
    assert answer.all("set-cookie") == ["__Host-sid=a=b; Path=/; Secure", "x=1"]


def test_a_long_body_is_cut_and_says_so(stub: Site) -> None:
    stub.say = lambda asked: Said(200, b"x" * 500_000)
    answer = HttpProbe(connect="127.0.0.1", port=stub.port, authority=stub.authority, limit=10_000).ask(HOST, "/")
    assert answer.truncated
    assert answer.size == 10_000


def test_an_answer_that_stops_half_way_is_no_answer(stub: Site, probe: HttpProbe) -> None:
    stub.say = lambda asked: Said(200, b"half", length=4000)
    with pytest.raises(EngineError, match="before its end"):
        probe.ask(HOST, "/")


def test_a_slow_answer_meets_the_deadline(stub: Site) -> None:
    stub.say = lambda asked: Said(200, b"x" * 50_000)
    slow = HttpProbe(connect="127.0.0.1", port=stub.port, authority=stub.authority, seconds=1, pace=2_000)
    with pytest.raises(EngineError, match="in time"):
        slow.ask(HOST, "/")


def test_a_line_break_cannot_be_smuggled_into_a_header(probe: HttpProbe) -> None:
    with pytest.raises(ValueError, match="line break"):
        probe.ask(HOST, "/", headers=[("x-a", "1\r\nx-b: 2")])


def test_a_browser_keeps_cookies_follows_redirects_and_sends_forms(stub: Site, probe: HttpProbe) -> None:
    def say(asked: Asked) -> Said:
        if asked.path == "/login":
            if asked.method == "POST":
                return Said(302, b"", (("Location", f"https://{HOST}:{stub.port}/in"), ("Set-Cookie", "sid=two"), ("Set-Cookie", 'old=""')))
            return Said(200, b"form", (("Set-Cookie", "sid=one"), ("Set-Cookie", "old=x")))
        return Said(200, asked.headers.get("cookie", "").encode())

    stub.say = say
    browser = probe.browser(HOST, source="127.66.53.1")
    browser.get("/login")
    answer = browser.follow(browser.post("/login", {"login": "rosalie", "mot de passe": "é&="}))
    assert answer.body == b"sid=two"
    posted = stub.asked[1]
    assert posted.form == {"login": "rosalie", "mot de passe": "é&="}
    assert posted.headers["origin"] == f"https://{HOST}:{stub.port}"
    assert posted.headers["cookie"] == "sid=one; old=x"
    assert len(browser.set) == 4


@pytest.mark.parametrize("place", ["https://elsewhere.example.org/", "/again"])
def test_a_redirect_elsewhere_or_in_a_circle_is_no_answer(stub: Site, probe: HttpProbe, place: str) -> None:
    stub.say = lambda asked: Said(302, b"", (("Location", place),))
    browser = probe.browser(HOST)
    with pytest.raises(EngineError):
        browser.follow(browser.get("/"))
