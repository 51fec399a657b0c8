"""The envelope opens at its place, whole, under its key; and nowhere else."""

import dataclasses
import multiprocessing
import os
import re
import uuid
from multiprocessing.connection import Connection

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


@pytest.mark.parametrize("length", [0, 1, 2, 17, 18, 19, 29, 30, 45])
def test_a_truncated_envelope_is_not_read(length: int) -> None:
    for act in (lambda it: g1.unseal(KEY, PLACE, it), lambda it: column().unseal("row-1", it)):
        with pytest.raises(SealError):
            act(sealed()[:length])


def test_a_key_is_recognised_before_it_decrypts() -> None:
    g1.require_key(RAW, g1.check_value(RAW), "the key")
    with pytest.raises(SealError, match="the key"):
        g1.require_key(bytes(32), g1.check_value(RAW), "the key")
    with pytest.raises(SealError):
        g1.require_key(RAW[:16], g1.check_value(RAW[:16]), "a short key")


def committed(place: Place = PLACE, plaintext: bytes = b"JBSWY3DPEHPK3PXP") -> bytes:
    return g1.seal_committing(RAW, KEY_ID, os.urandom(24), place, plaintext)


def column(place: Place = PLACE, key_id: uuid.UUID = KEY_ID) -> g1.Column:
    return g1.Column(KEY, key_id, region=place.region, tenant=place.tenant, table=place.table, column=place.column)


class TestCommitting:
    @given(PLACES, st.binary(max_size=200))
    def test_what_is_sealed_opens_with_74_bytes_around_it(self, place: Place, plaintext: bytes) -> None:
        envelope = committed(place, plaintext)
        assert len(envelope) == len(plaintext) + 74
        assert envelope[:2] == b"\x01\x02"
        assert g1.key_id_of(envelope) == KEY_ID
        assert g1.unseal_committing(RAW, place, envelope) == plaintext

    def test_another_key_is_refused_before_anything_is_decrypted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        envelope = committed()
        monkeypatch.setattr(g1, "AESGCM", None)
        with pytest.raises(SealError, match="not sealed by the key that was given"):
            g1.unseal_committing(bytes(32), PLACE, envelope)

    def test_a_bit_flipped_anywhere_is_noticed(self) -> None:
        envelope = committed()
        for position in range(len(envelope) * 8):
            damaged = bytearray(envelope)
            damaged[position // 8] ^= 1 << position % 8
            with pytest.raises(SealError):
                g1.unseal_committing(RAW, PLACE, bytes(damaged))

    def test_a_value_moved_to_another_organisation_does_not_open(self) -> None:
        with pytest.raises(SealError):
            g1.unseal_committing(RAW, dataclasses.replace(PLACE, tenant=TROIS_RAPIDES), committed())

    def test_an_algorithm_is_never_taken_for_the_other(self) -> None:
        with pytest.raises(SealError, match="unseal_committing"):
            g1.unseal(KEY, PLACE, committed())
        with pytest.raises(SealError, match="unseal_committing"):
            column().unseal("row-1", committed())
        with pytest.raises(SealError, match="does not commit"):
            g1.unseal_committing(RAW, PLACE, sealed())

    def test_a_key_or_a_salt_of_another_length_is_refused(self) -> None:
        with pytest.raises(SealError, match="32 bytes, not 16"):
            g1.seal_committing(RAW[:16], KEY_ID, os.urandom(24), PLACE, b"")
        with pytest.raises(ValueError, match="24 bytes"):
            g1.seal_committing(RAW, KEY_ID, os.urandom(12), PLACE, b"")


@pytest.mark.parametrize("algorithm", [0, 3, 4, 255])
def test_an_unknown_algorithm_is_refused_by_its_number(algorithm: int) -> None:
    unknown = b"\x01" + bytes((algorithm,)) + bytes(100)
    for open_it in (g1.key_id_of, lambda it: g1.unseal(KEY, PLACE, it), lambda it: column().unseal("1", it)):
        with pytest.raises(SealError, match=re.escape(f"algorithm {algorithm}, which this version does not know")):
            open_it(unknown)


class TestColumn:
    @given(PLACES, st.binary(max_size=200))
    def test_its_envelopes_are_those_of_a_place(self, place: Place, plaintext: bytes) -> None:
        assert g1.unseal(KEY, place, column(place).seal(place.row, plaintext)) == plaintext
        assert column(place).unseal(place.row, sealed(place, plaintext)) == plaintext

    @pytest.mark.parametrize("length", [0, 1, 255, 256, 257, 70_000])
    def test_rows_of_any_length(self, length: int) -> None:
        row = "é" * (length // 2) + "x" * (length % 2)
        assert g1.unseal(KEY, dataclasses.replace(PLACE, row=row), column().seal(row, b"v")) == b"v"
        assert column().unseal(row, column().seal(row, b"v")) == b"v"

    def test_another_row_tenant_or_key_does_not_open(self) -> None:
        envelope = column().seal("row-1", b"v")
        with pytest.raises(SealError):
            column().unseal("row-2", envelope)
        with pytest.raises(SealError):
            column(dataclasses.replace(PLACE, tenant=TROIS_RAPIDES)).unseal("row-1", envelope)
        with pytest.raises(SealError, match=f"by key {KEY_ID}, not by the key of this column"):
            column(key_id=SAINT_ELAN).unseal("row-1", envelope)

    def test_a_bit_flipped_anywhere_is_noticed(self) -> None:
        envelope = column().seal("row-1", b"value")
        for position in range(len(envelope) * 8):
            damaged = bytearray(envelope)
            damaged[position // 8] ^= 1 << position % 8
            with pytest.raises(SealError):
                column().unseal("row-1", bytes(damaged))

    def test_what_the_database_gives_back_is_taken_as_it_is(self) -> None:
        envelope = column().seal("row-1", b"v")
        for form in (bytearray(envelope), memoryview(envelope)):
            assert column().unseal("row-1", form) == b"v"  # type: ignore[arg-type]
            assert g1.unseal(KEY, PLACE, form) == b"v"  # type: ignore[arg-type]


class TestNonces:
    """One `os.urandom` per envelope: numbers drawn ahead would be drawn twice after a fork."""

    def draw(self, workers: int, each: int) -> set[bytes]:
        made = column()
        made.seal("warm", b"")

        def work(pipe: Connection) -> None:
            pipe.send_bytes(b"".join(made.seal("row", b"")[18:30] for _ in range(each)))
            pipe.close()

        fork = multiprocessing.get_context("fork")
        found: set[bytes] = set()
        pipes = []
        for _ in range(workers):
            ours, theirs = fork.Pipe(duplex=False)
            child = fork.Process(target=work, args=(theirs,))
            child.start()
            theirs.close()
            pipes.append((ours, child))
        for ours, child in pipes:
            drawn = ours.recv_bytes()
            found.update(drawn[at : at + 12] for at in range(0, len(drawn), 12))
            child.join()
        return found

    def test_eight_forked_workers_never_draw_one_twice(self) -> None:
        assert len(self.draw(8, 5_000)) == 40_000

    @pytest.mark.long
    def test_nor_in_a_million_envelopes(self) -> None:
        assert len(self.draw(8, 125_000)) == 1_000_000

    def test_each_envelope_asks_the_system_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[int] = []
        monkeypatch.setattr(g1.os, "urandom", lambda count: asked.append(count) or bytes(count))
        for number in range(3):
            column().seal(str(number), b"")
        assert asked == [12, 12, 12]
