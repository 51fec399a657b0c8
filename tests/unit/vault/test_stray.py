"""A key where none may be is found by its value, in every form, and is not shown."""

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garant.vault.policy.stray import Stray, stray

KEYS = {"root": bytes(range(32)), "tenant": os.urandom(32)}


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("bytes", bytes),
        ("hexadecimal", lambda key: key.hex().encode()),
        ("hexadecimal", lambda key: key.hex().upper().encode()),
        ("base64", base64.b64encode),
        ("base64", base64.urlsafe_b64encode),
    ],
)
def test_each_form_is_found_with_its_place_and_without_the_key(form: str, written: object) -> None:
    for name, key in KEYS.items():
        held = written(key)  # type: ignore[operator]
        found = list(stray(KEYS, [b"COPY person FROM stdin;\n\\x", held, b"\n"]))
        assert found == [Stray(name, form, 26)]
        assert held.decode("latin-1") not in repr(found)


def test_what_is_no_key_is_not_found() -> None:
    near = bytearray(KEYS["root"])
    near[-1] ^= 1
    assert list(stray(KEYS, [bytes(near), KEYS["root"][:31], KEYS["root"][:31].hex().encode(), b""])) == []
    assert list(stray({}, [bytes(100)])) == []


@given(st.binary(max_size=200), st.binary(max_size=200), st.integers(1, 70), st.sampled_from(["root", "tenant"]))
def test_wherever_the_parts_of_the_stream_end_it_is_found_once(before: bytes, after: bytes, size: int, name: str) -> None:
    whole = before + KEYS[name].hex().encode() + after
    found = list(stray(KEYS, [whole[at : at + size] for at in range(0, len(whole), size)]))
    assert Stray(name, "hexadecimal", len(before)) in found
    assert len(found) == len(set(found))
