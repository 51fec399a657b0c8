"""The signed context: what it says, and that nothing in it can be forged or break out of a literal."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from garant.kernel.errors import ConfigurationError, EngineError, InputError
from garant.sdk import context

KEY = b"k" * 43
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SOON = NOW + timedelta(minutes=5)


def test_what_was_signed_is_read_until_it_expires() -> None:
    text = context.sign(KEY, tenant="saint-elan", actor="7d1f5f0e-5a52-4d3d-9a37-1b8f4a0c1f01", purpose="service", expires=SOON)
    assert text.startswith("v1|saint-elan|7d1f5f0e-5a52-4d3d-9a37-1b8f4a0c1f01|service|1795608300|")
    found = context.read(KEY, text, now=NOW)
    assert (found.tenant, found.purpose, found.expires) == ("saint-elan", "service", SOON)
    with pytest.raises(InputError, match="expired"):
        context.read(KEY, text, now=SOON + timedelta(seconds=1))


@pytest.mark.parametrize("place", range(5))
def test_a_part_that_was_changed_is_refused(place: int) -> None:
    parts = context.sign(KEY, tenant="saint-elan", actor="a", purpose="b", expires=SOON).split("|")
    parts[place] = "trois-rapides" if place != 4 else str(int(parts[4]) + 1)
    with pytest.raises(InputError, match="not signed here"):
        context.read(KEY, "|".join(parts), now=NOW)


@pytest.mark.parametrize("text", ["", "|", "v1|a|b|c|1|", "v1|a|b|c|1|" + "0" * 64, "é|" * 5])
def test_what_was_never_signed_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        context.read(KEY, text, now=NOW)


@pytest.mark.parametrize("bad", ["", "a|b", "a'b", "a b", "é", "a" * 101, "a\n", "a\\"])
def test_no_part_can_end_a_part_or_a_literal(bad: str) -> None:
    with pytest.raises(InputError, match="tenant of a context"):
        context.sign(KEY, tenant=bad, expires=SOON)
    if bad:
        with pytest.raises(InputError, match="actor of a context"):
            context.sign(KEY, tenant="saint-elan", actor=bad, expires=SOON)
        if "|" not in bad:
            with pytest.raises(InputError):
                context.begin(Refusing(), context.plain_settings(tenant=bad))


@pytest.mark.parametrize("key", [KEY, b"k" * 64, b"k" * 65])
def test_sha256_with_the_two_blocks_is_the_signature(key: bytes) -> None:
    said, _, mac = context.sign(key, tenant="saint-elan", expires=SOON).rpartition("|")
    inner, outer = context.pads(key)
    assert hashlib.sha256(outer + hashlib.sha256(inner + said.encode()).digest()).hexdigest() == mac
    assert len(inner) == len(outer) == 64


def test_a_key_is_read_without_the_white_space_around_it(tmp_path: Path) -> None:
    place = tmp_path / "context"
    place.write_bytes(KEY + b"\n")
    assert context.read_key(place) == KEY
    place.write_bytes(b"short")
    with pytest.raises(ConfigurationError, match="32 characters"):
        context.read_key(place)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        context.read_key(tmp_path / "none")


class Refusing:
    """A connection that no context should reach, and whose server refuses."""

    transaction_status, pipeline_status = 0, 0
    Error = OSError

    @property
    def pgconn(self) -> "Refusing":
        return self

    def enter_pipeline_mode(self) -> None:
        raise OSError("ERROR: no")

    def close(self) -> None:
        self.pipeline_status = 1


def test_a_server_that_refuses_is_an_error() -> None:
    refusing = Refusing()
    for words in ("ERROR: no", "outside of a pipeline"):
        with pytest.raises(EngineError, match=words):
            context.begin(refusing, context.signed_settings(context.sign(KEY, tenant="saint-elan", expires=SOON)))


def test_the_text_of_the_statement_holds_no_context() -> None:
    assert context.statement(context.signed_settings("v1|saint-elan")) == b"select set_config('garant.ctx', $1, true)"
