"""The envelope opens at its place, whole, under its key; and nowhere else."""

import dataclasses
import os
import uuid

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from garant.sdk import envelope as g1
from garant.sdk.envelope import Place, SealError

SAINT_ELAN = uuid.UUID("00000000-0000-4000-8000-0000000000a1")
TROIS_RAPIDES = uuid.UUID("00000000-0000-4000-8000-0000000000b2")
KEY_ID = uuid.UUID("00000000-0000-4000-8000-00000000000c")
RAW = bytes(range(32))
KEY = AESGCM(RAW)
PLACE = Place("local", SAINT_ELAN, "access_authenticator", "secret", "row-1")

TEXTS = st.text(max_size=20)
PLACES = st.builds(Place, TEXTS, st.sampled_from([SAINT_ELAN, TROIS_RAPIDES]), TEXTS, TEXTS, TEXTS)


def sealed(place: Place = PLACE, plaintext: bytes = b"JBSWY3DPEHPK3PXP") -> bytes:
    return g1.seal(KEY, KEY_ID, os.urandom(12), place, plaintext)


@given(PLACES, st.binary(max_size=200))
def test_what_is_sealed_opens_at_its_place_with_46_bytes_around_it(place: Place, plaintext: bytes) -> None:
    envelope = sealed(place, plaintext)
    assert len(envelope) == len(plaintext) + 46
    assert envelope[:2] == b"\x01\x01"
    assert g1.key_id_of(envelope) == KEY_ID
    assert g1.unseal(KEY, place, envelope) == plaintext


@given(PLACES, PLACES)
def test_two_places_never_share_their_associated_data(one: Place, other: Place) -> None:
    same = g1.associated_data(one, KEY_ID) == g1.associated_data(other, KEY_ID)
    assert same == (one == other)


@pytest.mark.parametrize(
    "moved",
    [
        {"region": "ca-2"},
        {"tenant": TROIS_RAPIDES},
        {"table": "identity_user"},
        {"column": "seed"},
        {"row": "row-2"},
        {"table": "access_authenticators", "column": "ecret"},
    ],
    ids=str,
)
def test_a_value_moved_to_another_place_does_not_open(moved: dict[str, object]) -> None:
    envelope = sealed()
    with pytest.raises(SealError):
        g1.unseal(KEY, dataclasses.replace(PLACE, **moved), envelope)


def test_a_bit_flipped_anywhere_is_noticed() -> None:
    envelope = sealed()
    for position in range(len(envelope) * 8):
        damaged = bytearray(envelope)
        damaged[position // 8] ^= 1 << position % 8
        with pytest.raises(SealError):
            g1.unseal(KEY, PLACE, bytes(damaged))


@pytest.mark.parametrize("length", [0, 1, 18, 45])
def test_a_truncated_envelope_is_not_read(length: int) -> None:
    with pytest.raises(SealError):
        g1.unseal(KEY, PLACE, sealed()[:length])


def test_a_key_is_recognised_before_it_decrypts() -> None:
    g1.require_key(RAW, g1.check_value(RAW), "the key")
    with pytest.raises(SealError, match="the key"):
        g1.require_key(bytes(32), g1.check_value(RAW), "the key")
    with pytest.raises(SealError):
        g1.require_key(RAW[:16], g1.check_value(RAW[:16]), "a short key")
