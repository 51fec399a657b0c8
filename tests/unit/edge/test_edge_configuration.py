"""What HAProxy is told, as text: profiles, routes, pages. HAProxy's own reading of it is an integration test."""

import base64
import hashlib
import re

import pytest

from garant.edge.policy.haproxy import PROFILES, Plan, RouteRule, compile_haproxy, compile_routes
from garant.edge.policy.journal import Sequence, read_line
from garant.edge.policy.pages import ERROR_PAGES, PAGE_POLICY, PAGES, STYLE, error_file, page_files, page_html
from garant.kernel.errors import ConfigurationError

PLAN = Plan("/run/g", "garant.localhost", 8443, 8080, "127.0.0.1:1", "unix@/run/g/d.sock", "unix@/run/g/w.sock", 2)


def with_(**changes: object) -> Plan:
    return Plan(**{**vars(PLAN), **changes})  # type: ignore[arg-type]


def test_nothing_of_the_template_is_left_open() -> None:
    assert "{{" not in compile_haproxy(PLAN)
    assert "user garant" not in compile_haproxy(PLAN)
    assert "user garant\n    group garant" in compile_haproxy(with_(user="garant", group="garant"))


def test_the_three_profiles() -> None:
    assert "ssl-min-ver TLSv1.3" in compile_haproxy(with_(profile="modern"))
    assert "ssl-default-bind-ciphers " not in compile_haproxy(with_(profile="modern"))
    for name in ("intermediate", "legacy"):
        suites = PROFILES[name].suites.split(":")
        assert "ssl-min-ver TLSv1.2" in compile_haproxy(with_(profile=name))
        assert all(suite.startswith("ECDHE-") for suite in suites)
    weak = [suite for suite in PROFILES["legacy"].suites.split(":") if "GCM" not in suite and "CHACHA" not in suite]
    assert weak == PROFILES["legacy"].suites.split(":")[-4:]
    assert not [suite for suite in PROFILES["intermediate"].suites.split(":") if "GCM" not in suite and "CHACHA" not in suite]
    with pytest.raises(ConfigurationError, match="one of modern"):
        compile_haproxy(with_(profile="old"))


@pytest.mark.parametrize("value", ["127.0.0.1:1\n    bind :1", "a b", "${HOME}", "x;y", 'x"', "a#b"])
def test_a_value_that_could_be_an_instruction_is_refused(value: str) -> None:
    for name in ("application", "decide", "web", "base", "run"):
        with pytest.raises(ConfigurationError, match=name):
            compile_haproxy(with_(**{name: value}))


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (RouteRule("public/", "public"), "plain path"),
        (RouteRule("/a b", "public"), "plain path"),
        (RouteRule("/a/../b", "public"), "plain path"),
        (RouteRule("//a", "public"), "plain path"),
        (RouteRule("/%61", "public"), "letters, digits"),
        *((RouteRule(f"/a{sign}", "public"), "letters, digits") for sign in "!$&'()*+,=:@;?#\n"),
        (RouteRule("/.garant/x", "public"), "Garant's own"),
        (RouteRule("/a", "open"), "class is"),
        (RouteRule("/a", "public", ("admin",)), "class is"),
        (RouteRule("/a", "member", ("a|b",)), "role"),
    ],
)
def test_a_route_that_could_be_read_in_two_ways_is_refused(route: RouteRule, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        compile_routes([route])
    with pytest.raises(ConfigurationError, match="two routes"):
        compile_routes([RouteRule("/a", "public"), RouteRule("/a", "member")])


def test_pages_speak_both_languages_load_nothing_and_their_style_is_allowed() -> None:
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in PAGE_POLICY
    for page in [*PAGES.values(), *ERROR_PAGES.values()]:
        html = page_html(page, number="N-1")
        assert page.why.fr in html
        assert page.why.en in html
        assert html.count("N-1") == 2
        assert '<html lang="fr-CA">' in html
        assert 'lang="en-CA"' in html
        assert not re.search(r"https?://|<script|<img|<link|style=", html)
        assert f"<style>{STYLE}</style>" in html
        assert "%" not in page_html(page)
        assert len(html) < 4096


def test_error_files_are_whole_answers() -> None:
    for status in ERROR_PAGES:
        head, body = error_file(ERROR_PAGES[status]).split(b"\r\n\r\n", 1)
        assert head.startswith(f"HTTP/1.1 {status} ".encode())
        assert f"Content-Length: {len(body)}".encode() in head
    assert b"Retry-After" in error_file(ERROR_PAGES[503])
    assert {"address.html", "role.html", "503.http", "application.http"} <= page_files().keys()


def test_sequences_count_what_never_came_and_only_that() -> None:
    sequence = Sequence(window=5)
    assert [sequence.take(n) for n in (1, 2, 4, 3, 5)] == [0] * 5
    assert sequence.take(7) == 0
    assert sum(sequence.take(n) for n in range(8, 14)) == 1
    assert sequence.take(6) == -1
    assert sequence.take(1000) + sequence.close() == 986
    assert sequence.take(1) == 0
    assert sequence.highest == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"null", b"plain text", b'{"n":1}', b'{"n":"x","pid":1,"t":1,"ip":""}', b'{"n":1,"pid":1,"t":1e400,"ip":"x"}'],
)
def test_a_line_that_is_not_ours_is_nothing(data: bytes) -> None:
    assert read_line(data) is None


def test_a_line_holds_what_the_journal_needs() -> None:
    line = read_line(
        b'{"n":3,"pid":10684,"rt":6,"ts":1795412997,"t":1795412997807,"ip":"127.0.0.1","h":"saint-elan.garant.localhost","tn":"saint-elan",'
        b'"u":"-","m":"GET","s":403,"ms":-1,"b":488,"e":"PR","a":"deny","p":"\\/x\\u0000\\ud800"}'
    )
    assert line is not None
    assert (line.reason, line.user, line.ms, line.path, line.request) == ("address", None, 0, "/x?", "6B03D405-29BC-0006")
