"""A path has one spelling: what servers decode before they route cannot put a request in another class than the edge's."""

import socket
from collections.abc import Iterator

import pytest

from garant.edge.engines.haproxy import Lists, put_lists
from garant.edge.policy.haproxy import RouteRule
from garant.project.door import has_ipv6
from support.edge import HOST, OTHER, Rig, edge_rig, rules

OPEN = (RouteRule("/", "public"), RouteRule("/gestion/", "member", ("admin",)), RouteRule("/entrer/", "login"))
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


@pytest.fixture(scope="module")
def open_rig() -> Iterator[Rig]:
    """An application that is public but for its administration."""
    with edge_rig(routes=OPEN) as made:
        yield made


@pytest.mark.parametrize("path", ["/%67estion/", "/g%65stion/", "/gestio%6e/", "/gestio%6E/x", "/%47estion/", "/%67%65stion%2f"])
def test_a_percent_encoded_letter_does_not_open_a_route_of_a_role(open_rig: Rig, path: str) -> None:
    for host, tenant in ((HOST, "saint-elan"), (OTHER, "trois-rapides")):
        member = open_rig.decide.grant(f"sid-spelt-{tenant}", tenant=tenant)
        open_rig.application.seen.clear()
        assert open_rig.ask("/gestion/", sid=member, host=host).status == 403
        assert open_rig.ask("/gestion/", host=host).server == "web"
        for sid in (member, ""):
            answer = open_rig.ask(path, sid=sid, host=host)
            assert (answer.status, answer.server) == (400, "")
        assert open_rig.application.seen == []
        assert open_rig.ask("/autre/", host=host).server == "application"


def test_a_percent_encoded_letter_does_not_pass_the_address_rules(open_rig: Rig) -> None:
    closed = rules(saint_elan=[("allow", "192.0.2.0/24", "member")])
    put_lists(open_rig.runtime, open_rig.places, Lists(open_rig.lists.hosts, closed))
    open_rig.application.seen.clear()
    assert open_rig.ask("/gestion/").status == 403
    assert open_rig.ask("/%67estion/").status == 400
    assert open_rig.application.seen == []
    put_lists(open_rig.runtime, open_rig.places, open_rig.lists)


def test_each_unreserved_character_has_one_spelling(rig: Rig) -> None:
    for character in UNRESERVED:
        for code in {f"%{ord(character):02x}", f"%{ord(character):02X}"}:
            with rig.connect() as link:
                link.sendall(f"GET /public/{code} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
                assert link.recv(4096).startswith(b"HTTP/1.1 400"), (character, code)
    assert rig.application.seen == []


@pytest.mark.parametrize("path", ["/public/%C3%A9tude", "/public/a%20b", "/public/%5Bx%5D", "/public/%3A%40%26", "/public/a?q=%67"])
def test_what_must_be_percent_encoded_passes(rig: Rig, path: str) -> None:
    assert rig.ask(path).seen["path"] == path


def test_the_login_rate_counts_no_other_spelling_as_another_page() -> None:
    with edge_rig(login_rate=3) as rig:
        paths = ["/.garant/login/", "/.garant/fr/login/", "/.garant/en/login/code/", "/.garant/fr/invitation/abc/"]
        assert [rig.ask(path, method="POST", body=b"a").status for path in paths] == [200, 200, 200, 429]
        for path in ("/.garant/%6cogin/", "/.garant/fr/logi%6e/", "/%2egarant/login/", "/.garant/fr/in%76itation/abc/"):
            assert rig.ask(path, method="POST", body=b"a").status == 400, path


def test_pages_to_log_in_are_limited_by_address() -> None:
    with edge_rig(page_rate=4) as rig:
        assert [rig.ask("/.garant/fr/login/").status for _ in range(6)] == [200] * 4 + [429] * 2
        refused = rig.ask("/.garant/login/", method="HEAD")
        assert (refused.status, refused.header("retry-after")) == (429, "60")
        assert rig.ask("/.garant/login/", source="127.0.0.3").status == 200
        assert rig.ask("/.garant/login/", method="POST", body=b"a").status == 200
        assert rig.ask("/.garant/static/base.css").status == 200
        assert rig.ask("/public/a").status == 200


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 address")
def test_an_ipv6_client_is_counted_by_its_64_bits() -> None:
    with edge_rig(connect4="", connect6="::1") as rig:
        for method, path, table in (
            ("POST", "/.garant/login/", "tries"),
            ("GET", "/.garant/login/", "shown"),
            ("GET", "/.garant/address/", "asks"),
        ):
            raw = socket.create_connection(("::1", rig.plan.https), 10)
            with rig.context().wrap_socket(raw, server_hostname=HOST) as link:
                link.sendall(f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 0\r\n\r\n".encode())
                assert link.recv(4096).startswith(b"HTTP/1.1 200")
            keys = [line.split("key=")[1].split()[0] for line in rig.runtime.ask(f"show table {table}").splitlines() if "key=" in line]
            assert keys == ["::"], table


@pytest.mark.parametrize("host", [f"evil.example, {HOST}", f"{HOST}, evil.example", f"{OTHER},{HOST}"])
def test_a_list_of_hosts_is_nobodys_host(rig: Rig, host: str) -> None:
    data = rig.raw(f"GET /public/a HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert data.startswith(b"HTTP/1.1 421"), data[:80]
    with socket.create_connection(("127.0.0.1", rig.plan.http), 10) as link:
        link.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert link.recv(4096).startswith(b"HTTP/1.1 421")
    assert rig.application.seen == []
