"""What a client may not send, what an application may not set, and shapes that two servers could read in two ways."""

import http.client

import pytest

from support.edge import BASE, HOST, OMER, ROSALIE, Rig

FORGED = [
    "X-Garant-User",
    "x-garant-user",
    "X_Garant_User",
    "x_garant_user",
    "X.Garant.User",
    "X+Garant+Roles",
    "X-GARANT-ROLES",
    "XGarant-User",
    "X-Garant-Assertion",
    "X-Garant-Extra",
    "X-Edge-Sid",
    "X_Edge_Ip",
    "X+Edge-Sid",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X_Forwarded_For",
    "Forwarded",
    "X-Real-IP",
    "X_Real_IP",
]


@pytest.mark.parametrize("name", FORGED)
def test_forged_identity_headers_never_arrive(rig: Rig, name: str) -> None:
    for path, sid in (("/dossiers/", rig.decide.grant("sid-forger")), ("/public/a", ""), ("/.garant/login/", "")):
        seen = rig.ask(path, sid=sid, headers=[(name, "forged"), (name, OMER)]).seen
        assert "forged" not in [value for key, value in seen.items() if key not in ("path", "server")], seen
        assert OMER not in seen.values()


def test_trap_11_all_of_them_at_once(rig: Rig) -> None:
    seen = rig.ask("/", sid=rig.decide.grant("sid-all"), headers=[(name, "forged") for name in FORGED]).seen
    assert "forged" not in seen.values()
    assert seen["x-garant-user"] == ROSALIE
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "https"


@pytest.mark.parametrize("name", ["X-Garant-User", "xgarant", "Forwarded", "X_Real_IP"])
def test_a_forged_header_before_and_after_all_others_never_arrives(rig: Rig, name: str) -> None:
    data = f"GET /public/a HTTP/1.1\r\n{name}: forged\r\nHost: {HOST}\r\nConnection: close\r\n{name}: forged\r\n\r\n"
    answered = rig.raw(data.encode())
    assert answered.startswith(b"HTTP/1.1 200 ")
    assert b"forged" not in answered


def test_ordinary_headers_arrive(rig: Rig) -> None:
    sent = {
        "Accept-Language": "fr-CA",
        "Authorization": "Basic eDp5",
        "X-Requested-With": "fetch",
        "X-Knowledge": "1",
        "Cookie": "theme=sombre",
    }
    seen = rig.ask("/public/a", headers=sent).seen
    assert {key.lower(): value for key, value in sent.items()}.items() <= seen.items()


def test_trap_20_web_is_told_the_scheme_the_address_and_the_tenant(rig: Rig) -> None:
    seen = rig.ask("/.garant/login/", method="POST", body=b"a=b", headers={"X-Forwarded-For": "203.0.113.9"}).seen
    assert seen["x-forwarded-proto"] == "https"
    assert seen["x-forwarded-for"] == seen["x-edge-ip"] == "127.0.0.1"
    assert (seen["x-edge-host"], seen["x-edge-tenant"]) == (HOST, "saint-elan")


@pytest.mark.parametrize("value", ["x-garant-user", "close, X-Garant-Roles", "keep-alive, x-edge-sid", "X-Forwarded-For"])
def test_trap_12_a_connection_header_that_names_ours_is_refused(rig: Rig, value: str) -> None:
    assert rig.ask("/", sid=rig.decide.grant("sid-c"), headers={"Connection": value}).status == 400
    assert rig.application.seen == []


@pytest.mark.parametrize(
    "headers",
    [
        [("Cookie", "__Host-sid=a; __Host-sid=b")],
        [("Cookie", "__Host-sid=a"), ("Cookie", "__Host-sid=b")],
        [("Cookie", "x=1; __Host-sid=a;__Host-sid=a")],
    ],
)
def test_two_session_cookies_are_refused(rig: Rig, headers: list[tuple[str, str]]) -> None:
    assert rig.ask("/dossiers/", headers=headers).status == 400


@pytest.mark.parametrize(
    "cookie",
    [
        "__Host-sid={sid}",
        "a=1; __Host-sid={sid}; b=2",
        "a=1;__Host-sid={sid};b=2",
        "__Host-sid={sid}; a=1; b=2",
        "a=1; b=2; __Host-sid={sid}",
        "a=1; __Host-csrf=token; __Host-sid={sid}; b=2",
        "a=1;  __Host-sid={sid} ; b=2",
        "a=1;\t__Host-sid={sid}; b=2",
    ],
)
def test_trap_27_garants_cookies_never_reach_the_application(rig: Rig, cookie: str) -> None:
    sid = rig.decide.grant("sid-k")
    rig.decide.grant("sid-k ")
    for path in ("/dossiers/", "/public/a"):
        seen = rig.ask(path, headers={"Cookie": cookie.format(sid=sid)}).seen
        assert seen["server"] == "application"
        received = str(seen.get("cookie", ""))
        assert sid not in received
        assert "__Host-" not in received
        if "a=1" in cookie:
            assert "a=1" in received
            assert "b=2" in received


def test_trap_13_a_cookie_hidden_in_quotes_never_reaches_the_application(rig: Rig) -> None:
    sid = rig.decide.grant("sid-q")
    for cookie in (f'a="; __Host-sid=other; b="; __Host-sid={sid}', 'a="; __Host-sid=other; b="', "__Host-SID=look; x__Host-sid=alike"):
        answer = rig.ask("/public/a", headers={"Cookie": cookie})
        if answer.status == 200:
            received = str(answer.seen.get("cookie", ""))
            assert sid not in received
            assert "; __Host-sid=" not in f"; {received}"
        else:
            assert answer.status == 400


@pytest.mark.parametrize(
    "value", ["__Host-sid=stolen; Path=/; Secure", " __Host-sid=stolen", "__Host-sid =stolen", "__HOST-SID=stolen", "=__Host-sid=stolen"]
)
def test_an_application_that_sets_the_session_cookie_is_refused(rig: Rig, value: str) -> None:
    rig.application.extra += [("Set-Cookie", "theme=sombre"), ("Set-Cookie", value)]
    answer = rig.ask("/public/a")
    assert answer.status == 502
    assert "stolen" not in str(answer.headers)


def test_an_application_may_set_its_own_cookies_but_no_header_of_ours(rig: Rig) -> None:
    rig.application.extra += [("Set-Cookie", "theme=sombre"), ("X-Garant-User", OMER), ("x-garant-anything", "1")]
    answer = rig.ask("/public/a")
    assert answer.status == 200
    assert answer.header("set-cookie") == "theme=sombre"
    assert not [name for name, _ in answer.headers if name.lower().startswith("x-garant")]


def test_trap_21_garants_own_pages_stay_in_reach_during_a_hit(rig: Rig) -> None:
    sid = rig.decide.grant("sid-own")
    assert rig.ask("/", sid=sid).server == "application"
    seen = rig.ask("/.garant/logout/", sid=sid, method="POST", body=b"x").seen
    assert seen["server"] == "web"
    assert seen["cookie"] == f"__Host-sid={sid}"
    assert not [name for name in seen if name.startswith("x-garant")]


@pytest.mark.parametrize("path", ["//.garant/login/", "/.Garant/login/", "/x/../.garant/login/", "/.garant"])
def test_other_spellings_of_the_reserved_path_are_member_paths(rig: Rig, path: str) -> None:
    seen = rig.ask(path, sid=rig.decide.grant("sid-sp", roles="admin")).seen
    assert seen["server"] == "application"
    assert "__Host" not in str(seen.get("cookie", ""))


@pytest.mark.parametrize(
    "path",
    [
        "/public/../admin",
        "/public/..",
        "/public//admin",
        "//public/a",
        "/public/./a",
        "/public/%2e%2e/admin",
        "/public/%2E%2E%2Fadmin",
        "/public/..%2fadmin",
        "/public/a;b/../../admin",
        "/public/a;jsessionid=1",
        "/public/..\\admin",
        "/public/%5cadmin",
        "/public/%252e%252e/admin",
        "/public/a%00",
        "/publicadmin",
        "/PUBLIC/a",
    ],
)
def test_trap_28_an_odd_path_is_never_public(rig: Rig, path: str) -> None:
    answer = rig.ask(path)
    assert answer.server in ("web", "")
    assert rig.application.seen == []


def test_unknown_hosts_get_421_in_both_languages(rig: Rig) -> None:
    for host in (f"nobody.{BASE}", f"{HOST}.", "x|y"):
        data = rig.raw(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert data.startswith(b"HTTP/1.1 421"), data[:80]
        assert b"Aucune organisation" in data
        assert b"No organisation answers" in data
    assert rig.web.seen == []


def test_the_operators_host_is_web_alone(rig: Rig) -> None:
    for path in ("/", "/fr/", "/.well-known/garant/statement.json", "/.garant/login/", "/fr/console/"):
        assert rig.ask(path, host=BASE).server == "web"


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: saint-elan.garant.localhost\r\n\r\n"
HEAD = b"POST /public/a HTTP/1.1\r\nHost: saint-elan.garant.localhost\r\n"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("length and chunks", HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED),
        ("unknown coding", HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED),
        ("two codings", HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + SMUGGLED),
        ("two lengths", HEAD + b"Content-Length: 0\r\nContent-Length: 60\r\n\r\n" + SMUGGLED),
        ("list of lengths", HEAD + b"Content-Length: 0, 60\r\n\r\n" + SMUGGLED),
        ("signed length", HEAD + b"Content-Length: +0\r\n\r\n" + SMUGGLED),
        ("space before colon", HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED),
        ("two hosts", HEAD + b"Host: trois-rapides.garant.localhost\r\n\r\n" + SMUGGLED),
        ("other absolute form", b"GET https://trois-rapides.garant.localhost/ HTTP/1.1\r\nHost: saint-elan.garant.localhost\r\n\r\n"),
        ("bare CR in a cookie", HEAD + b"Cookie: a=1\r__Host-sid=x\r\n\r\n"),
        ("NUL in a header", HEAD + b"X-A: a\0b\r\n\r\n"),
        ("bad chunk size", HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + SMUGGLED),
    ],
)
def test_smuggling_shapes_run_no_second_request(rig: Rig, name: str, data: bytes) -> None:
    answered = rig.raw(data)
    paths = [seen["path"] for seen in rig.application.seen]
    assert "/smuggled" not in paths, name
    assert answered.count(b"HTTP/1.1 200") <= 1
    if name not in ("length and chunks", "two codings"):
        assert paths == [], (name, answered[:100])


@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
def test_methods_that_no_application_needs_are_refused(rig: Rig, method: str) -> None:
    data = rig.raw(f"{method} / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    assert not data.startswith(b"HTTP/1.1 200")
    assert rig.application.seen == []


@pytest.mark.parametrize("method", ["PROPFIND", "REPORT", "MKCOL", "DELETE", "PATCH", "OPTIONS", "MOVE"])
def test_any_other_method_passes(rig: Rig, method: str) -> None:
    seen = rig.ask("/dav/a", method=method, sid=rig.decide.grant("sid-dav"), body=b"<x/>").seen
    assert (seen["server"], seen["method"], seen["size"]) == ("application", method, 4)


def test_plain_http_is_sent_to_https_and_told_to_stay_there(rig: Rig) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", rig.plan.http, timeout=5)
    connection.request("POST", "/a?b=c", headers={"Host": f"{HOST}:{rig.plan.http}"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("location")) == (308, f"https://{HOST}:{rig.plan.https}/a?b=c")
    answer.read()
    connection.request("GET", "/", headers={"Host": "evil.example"})
    assert connection.getresponse().status == 421
    connection.close()
    for path in ("/public/a", "/gestion/"):
        assert rig.ask(path, sid=rig.decide.grant("sid-h")).header("strict-transport-security") == "max-age=31536000"
