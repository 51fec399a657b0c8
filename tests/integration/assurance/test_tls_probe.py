"""The probe against a real HAProxy: it sees the profile that is configured, and every weakness that is planted."""

import socket
import threading
from pathlib import Path

import pytest

from garant.drivers import tls_hello, tls_probe
from garant.drivers.tls_hello import TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3
from garant.kernel.errors import EngineError
from support.tls import INTERMEDIATE, LEGACY, Authority, rsa_key, tls_server

HOST = "saint-elan.garant.localhost"
NAMES = ("garant.localhost", "*.garant.localhost")
CBC = {0xC023, 0xC024, 0xC027, 0xC028}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def accepted(port: int, version: int) -> set[int]:
    return set(tls_hello.accepted_suites("127.0.0.1", port, host=HOST, version=version))


def test_a_good_chain_is_trusted_and_described(tmp_path: Path, authority: Authority) -> None:
    with tls_server(tmp_path, authority.leaf(tmp_path / "leaf.pem", NAMES)) as (https, _):
        seen = tls_probe.served("127.0.0.1", https, host=HOST, authority=authority.path)
    assert seen.untrusted == ""
    assert seen.version == "TLSv1.3"
    leaf = seen.chain[0]
    assert (leaf.key, leaf.bits, leaf.names, leaf.signed_with) == ("secp256r1", 256, NAMES, "sha256")
    assert [link.subject for link in seen.chain][1:] == [leaf.issuer]


@pytest.mark.parametrize(
    ("days", "names", "why"),
    [(-1, NAMES, "expired"), (90, ("other.example",), "mismatch"), (90, ("trois-rapides.garant.localhost",), "mismatch")],
)
def test_a_bad_certificate_is_read_and_said_to_be_bad(
    tmp_path: Path, authority: Authority, days: int, names: tuple[str, ...], why: str
) -> None:
    with tls_server(tmp_path, authority.leaf(tmp_path / "leaf.pem", names, days=days)) as (https, _):
        seen = tls_probe.served("127.0.0.1", https, host=HOST, authority=authority.path)
    assert why in seen.untrusted
    assert seen.chain[0].names == names


def test_an_authority_that_nobody_trusts_is_reported(tmp_path: Path, authority: Authority) -> None:
    stranger = Authority(tmp_path / "stranger")
    with tls_server(tmp_path, stranger.leaf(tmp_path / "leaf.pem", NAMES)) as (https, _):
        assert tls_probe.served("127.0.0.1", https, host=HOST, authority=authority.path).untrusted != ""
        assert tls_probe.served("127.0.0.1", https, host=HOST, authority=None).untrusted != ""


def test_the_size_of_an_rsa_key_is_seen(tmp_path: Path, authority: Authority) -> None:
    leaf = authority.leaf(tmp_path / "leaf.pem", NAMES, key=rsa_key(1024))
    with tls_server(tmp_path, leaf, ciphers=f"{INTERMEDIATE}:@SECLEVEL=0") as (https, _):
        seen = tls_probe.served("127.0.0.1", https, host=HOST, authority=authority.path)
    assert (seen.chain[0].key, seen.chain[0].bits) == ("RSA", 1024)


def test_intermediate_serves_its_suites_and_no_older_version(tmp_path: Path, authority: Authority) -> None:
    with tls_server(tmp_path, authority.leaf(tmp_path / "leaf.pem", NAMES)) as (https, _):
        assert accepted(https, TLS_1_2) == {0xC02B, 0xC02C, 0xCCA9}
        assert accepted(https, TLS_1_3) == {0x1301, 0x1302, 0x1303}
        for version in (TLS_1_0, TLS_1_1):
            answer = tls_hello.hello("127.0.0.1", https, host=HOST, version=version, suites=tls_hello.ALL_SUITES)
            assert not answer.accepted


def test_legacy_adds_the_suites_of_safari_7_and_nothing_else(tmp_path: Path, authority: Authority) -> None:
    leaf = authority.leaf(tmp_path / "leaf.pem", NAMES, key=rsa_key(2048))
    with tls_server(tmp_path, leaf, ciphers=LEGACY) as (https, _):
        assert accepted(https, TLS_1_2) == {0xC02F, 0xC030, 0xCCA8, 0xC027, 0xC028}


def test_modern_refuses_tls_1_2(tmp_path: Path, authority: Authority) -> None:
    with tls_server(tmp_path, authority.leaf(tmp_path / "leaf.pem", NAMES), minimum="TLSv1.3") as (https, _):
        assert accepted(https, TLS_1_2) == set()
        assert accepted(https, TLS_1_3) == {0x1301, 0x1302, 0x1303}


def test_weak_suites_and_old_versions_do_not_escape(tmp_path: Path, authority: Authority) -> None:
    leaf = authority.leaf(tmp_path / "leaf.pem", NAMES, key=rsa_key(2048))
    with tls_server(tmp_path, leaf, ciphers="ALL:@SECLEVEL=0", minimum="TLSv1.0") as (https, _):
        suites = accepted(https, TLS_1_2)
        assert 0x002F in suites  # plain RSA with AES-128-CBC and SHA-1
        assert suites >= CBC - {0xC023, 0xC024}
        assert tls_hello.hello("127.0.0.1", https, host=HOST, version=TLS_1_1, suites=tls_hello.ALL_SUITES).version == TLS_1_1
        assert tls_hello.hello("127.0.0.1", https, host=HOST, version=TLS_1_0, suites=tls_hello.ALL_SUITES).version == TLS_1_0


def test_a_port_says_what_it_speaks(tmp_path: Path, authority: Authority) -> None:
    extra = """
frontend naked
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain string "bonjour"
"""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    with tls_server(tmp_path, authority.leaf(tmp_path / "leaf.pem", NAMES), extra=extra.format(port=port)) as (https, http):
        assert tls_probe.speaks("127.0.0.1", https, host=HOST) == "tls"
        assert tls_probe.speaks("127.0.0.1", http, host=HOST) == "redirect"
        assert tls_probe.speaks("0.0.0.0", port, host=HOST) == "clear"
        found = {listener.port: listener for listener in tls_probe.listeners()}
        assert {https, http, port} <= set(found)
        assert not found[https].outside
        assert found[https].owner in tls_probe.descendants([1])


def test_a_port_that_says_nothing_is_mute() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: [server.accept()[0].close() for _ in range(2)], daemon=True).start()
        assert tls_probe.speaks("127.0.0.1", server.getsockname()[1], host=HOST, timeout=2) == "mute"


def test_an_address_open_to_others_is_seen_as_such() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server, socket.create_server(("::", 0), family=socket.AF_INET6) as six:
        found = {listener.port: listener for listener in tls_probe.listeners()}
        assert found[server.getsockname()[1]].outside
        assert found[six.getsockname()[1]].outside


def test_answers_in_clear_are_read_as_they_come(tmp_path: Path, authority: Authority) -> None:
    with tls_server(tmp_path, authority.leaf(tmp_path / "leaf.pem", NAMES)) as (https, http):
        answer = tls_probe.ask_in_clear("127.0.0.1", http, host=HOST, path="/a?b=1", method="POST")
        assert answer.status == 308
        assert answer.headers["location"].startswith(f"https://{HOST}")
        assert answer.headers["location"].endswith("/a?b=1")
        with pytest.raises(EngineError, match="no HTTP answer"):
            tls_probe.ask_in_clear("127.0.0.1", https, host=HOST)
        with pytest.raises(EngineError):
            tls_probe.served("127.0.0.1", http, host=HOST, authority=authority.path)
