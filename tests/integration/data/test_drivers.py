"""How reality is looked at: connections of processes, a name server, a bucket, this machine."""

import os
import socket
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest

from garant.drivers import connections, dns, machine, s3
from garant.kernel.errors import EngineError
from support.bucket import bucket
from support.names import NameServer


def test_a_connection_to_a_stranger_is_seen_and_one_between_ourselves_is_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
        port = listener.getsockname()[1]
        assert connections.Connection("127.0.0.1", port, os.getpid(), own=True) in connections.outgoing([os.getpid()])
    assert connections.Connection("127.0.0.1", port, os.getpid(), own=False) in connections.outgoing([os.getpid()])
    assert connections.outgoing([]) == []
    near.close()
    far.close()


def test_what_was_accepted_is_no_connection_of_ours() -> None:
    """The far end, a visitor of ours: its port is not one to which we went."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as visitor:
        accepted, _ = listener.accept()
        with accepted:
            gone = {each.port for each in connections.outgoing([os.getpid()])}
            assert visitor.getsockname()[1] not in gone


def test_a_name_is_asked_of_the_server_that_is_named() -> None:
    with NameServer({"www.example.org": ["192.0.2.7", "2001:db8::7"], "alias.example.org": ["=www.example.org"]}) as server:
        ask = {"servers": [server.place]}
        assert dns.addresses("www.example.org", **ask) == ("192.0.2.7", "2001:db8::7")
        assert dns.addresses("ALIAS.example.org", **ask) == ("192.0.2.7", "2001:db8::7")
        assert dns.addresses("nobody.example.org", **ask) == ()
        assert dns.addresses("198.51.100.4", **ask) == ("198.51.100.4",)


def test_an_answer_that_was_cut_is_asked_again_over_tcp() -> None:
    many = [f"192.0.2.{each}" for each in range(1, 200)]
    with NameServer({"many.example.org": many}) as server:
        assert len(dns.addresses("many.example.org", servers=[server.place])) == 199


def test_a_server_that_is_silent_is_passed_over_and_all_silent_is_an_error() -> None:
    with NameServer({"www.example.org": ["192.0.2.7"]}) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        silent = f"127.0.0.1:{mute.getsockname()[1]}"
        assert dns.addresses("www.example.org", servers=[silent, server.place], timeout=0.3) == ("192.0.2.7",)
        with pytest.raises(EngineError, match=r"no name server answers for www\.example\.org"):
            dns.addresses("www.example.org", servers=[silent], timeout=0.3)


def test_an_answer_to_another_question_and_a_name_in_a_circle_are_refused() -> None:
    for spoil in (lambda raw: struct.pack(">H", 7) + raw[2:], lambda raw: raw[:12] + b"\xc0\x0c" + raw[14:]):
        with (
            NameServer({"www.example.org": ["192.0.2.7"]}, spoil=spoil) as server,
            pytest.raises(EngineError, match="no name server answers"),
        ):
            dns.addresses("www.example.org", servers=[server.place], timeout=0.5)


def test_a_bucket_says_where_it_is() -> None:
    """Stand-in: moto's server for Amazon S3; that the signature is right is seen by its own check of boto3's, below."""
    now = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
    credentials = s3.Credentials("AKIATEST", "secret")
    with bucket("ca-central-1") as (endpoint, _):
        where = {"region": "ca-central-1", "now": now}
        assert s3.bucket_location(endpoint, "sauvegardes", credentials, **where) == "ca-central-1"
        with pytest.raises(EngineError, match="does not say where the bucket absente is: NoSuchBucket"):
            s3.bucket_location(endpoint, "absente", credentials, **where)
    with pytest.raises(EngineError, match="does not answer"):
        s3.bucket_location("http://127.0.0.1:9", "sauvegardes", credentials, **where)


def test_the_signature_is_the_one_that_botocore_makes() -> None:
    from botocore.auth import S3SigV4Auth  # noqa: PLC0415 - the reference, used here only
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.credentials import Credentials  # noqa: PLC0415

    request = AWSRequest("GET", "https://s3.ca-central-1.amazonaws.com/sauvegardes?location=")
    S3SigV4Auth(Credentials("AKIATEST", "secret"), "s3", "ca-central-1").add_auth(request)
    stamp = datetime.strptime(request.context["timestamp"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = s3._signed(
        "s3.ca-central-1.amazonaws.com", "/sauvegardes", "location=", s3.Credentials("AKIATEST", "secret"), "ca-central-1", stamp
    )
    assert ours["authorization"] == request.headers["Authorization"]


def test_a_machine_has_names_that_tell_nothing_of_its_id(tmp_path: Path) -> None:
    (tmp_path / "machine-id").write_text("3d1219c7c4c5404aaa1f6d2a48adfda4\n")
    (tmp_path / "ssh_host_ed25519_key.pub").write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHXx host\n")
    found = machine.identities(tmp_path / "machine-id", tmp_path)
    assert len(found) == 2
    assert found[0].startswith("machine:")
    assert "3d1219c7" not in found[0]
    assert found[1].startswith("ssh:SHA256:")
    with pytest.raises(EngineError, match="systemd-machine-id-setup"):
        machine.identities(tmp_path / "absent", tmp_path / "absent")
