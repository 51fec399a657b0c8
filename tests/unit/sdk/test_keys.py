"""The key file: followed as it changes, never read without bound, never holding a private key."""

import json
from datetime import timedelta

import pytest

from garant.kernel.clock import ManualClock
from garant.kernel.errors import ConfigurationError
from garant.sdk import AssertionForged, KeySet, verify_assertion
from garant.sdk import keys as module
from support.assertions import NOON, Signer

OLD, NEW = Signer("edge-1"), Signer("edge-2")
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def path(tmp_path):
    return OLD.write(tmp_path / "public.json")


@pytest.fixture
def readings(monkeypatch):
    """How often the file was read since the set was made."""
    seen = []
    real = module._read
    monkeypatch.setattr(module, "_read", lambda path: seen.append(path) or real(path))
    return seen


def test_a_new_key_is_found_when_its_name_arrives(path, clock):
    keys = KeySet.from_file(path, clock=clock)
    NEW.write(path)
    assert keys.find("edge-2") is None
    clock.advance(SECOND)
    assert keys.find("edge-2") is not None
    assert verify_assertion(NEW.token(), keys=keys, audience="saint-elan/sondage", now=NOON).tenant == "saint-elan"


def test_a_withdrawn_key_stops_being_accepted_within_ten_seconds(path, clock):
    keys = KeySet.from_file(path, clock=clock)
    NEW.write(path)
    clock.advance(9 * SECOND)
    assert keys.find("edge-1") is not None
    clock.advance(SECOND)
    with pytest.raises(AssertionForged):
        verify_assertion(OLD.token(), keys=keys, audience="saint-elan/sondage", now=NOON)


def test_unknown_names_do_not_make_it_read_without_end(path, clock, readings):
    keys = KeySet.from_file(path, clock=clock)
    readings.clear()
    for number in range(1000):
        assert keys.find(f"stranger-{number}") is None
    assert len(readings) == 0
    clock.advance(SECOND)
    for number in range(1000):
        keys.find(f"stranger-{number}")
    assert len(readings) == 1


def test_a_clock_that_steps_back_does_not_freeze_it(path, clock):
    keys = KeySet.from_file(path, clock=clock)
    clock.advance(timedelta(days=-1))
    NEW.write(path)
    assert keys.find("edge-2") is not None


@pytest.mark.parametrize("damage", ["", "{", '{"keys": []}', "[]"])
def test_a_damaged_file_changes_nothing(path, clock, damage, caplog):
    keys = KeySet.from_file(path, clock=clock)
    path.write_text(damage, encoding="utf-8")
    clock.advance(20 * SECOND)
    assert keys.find("edge-1") is not None
    assert "last good keys" in caplog.text


def test_a_file_that_is_gone_changes_nothing(path, clock):
    keys = KeySet.from_file(path, clock=clock)
    path.unlink()
    clock.advance(20 * SECOND)
    assert keys.find("edge-1") is not None


def test_keys_of_other_kinds_are_passed_over():
    others = [{"kty": "RSA", "kid": "rsa", "n": "AQ", "e": "AQAB"}, {"kty": "OKP", "crv": "X25519", "kid": "x", "x": "AA"}]
    keys = KeySet.from_json(json.dumps({"keys": [*others, OLD.jwk()]}))
    assert keys.find("edge-1") is not None
    assert keys.find("rsa") is None
    assert keys.find("x") is None


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "not a JWK set"),
        ("[" * 100_000, "not a JWK set"),
        ('{"keys": 3}', "no list"),
        ('{"keys": []}', "no Ed25519 key"),
        ('{"keys": [null]}', "no Ed25519 key"),
        (json.dumps({"keys": [{**OLD.jwk(), "d": "AAAA"}]}), "private key"),
        (json.dumps({"keys": [OLD.jwk(), OLD.jwk()]}), "two keys"),
        (json.dumps({"keys": [{**OLD.jwk(), "x": "AAAA"}]}), "cannot be used"),
        (json.dumps({"keys": [{**OLD.jwk(), "kid": ""}]}), "cannot be used"),
    ],
)
def test_a_set_that_cannot_be_used_says_why(document, words):
    with pytest.raises(ConfigurationError, match=words):
        KeySet.from_json(document)


def test_an_absent_or_enormous_file_says_so(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        KeySet.from_file(tmp_path / "none.json")
    (tmp_path / "big.json").write_bytes(b" " * 70_000)
    with pytest.raises(ConfigurationError, match="larger"):
        KeySet.from_file(tmp_path / "big.json")
