"""A sealed file opens whole or from anywhere, at its place; what is cut, rearranged, exchanged or damaged is never given out."""

import io
import mmap
import os
import random
import tracemalloc
import uuid
from pathlib import Path
from typing import Any

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from hypothesis import given
from hypothesis import strategies as st

from garant.sdk import stream
from garant.sdk.envelope import Place, SealError
from garant.sdk.stream import CHUNK, PREFIX, WIRE, Reader, View
from support import formats
from support.vectors import pattern

KEY = bytes(range(32))
OTHER = bytes(32)
KEY_ID = uuid.UUID("00000000-0000-4000-8000-00000000000c")
SAINT_ELAN = Place("local", uuid.UUID("00000000-0000-4000-8000-0000000000a1"), "backup", "object", "2026-11/7")
TROIS_RAPIDES = Place("local", uuid.UUID("00000000-0000-4000-8000-0000000000b2"), "backup", "object", "2026-11/7")
LENGTHS = [0, 1, 1_024, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 16 * CHUNK - 1, 16 * CHUNK, 16 * CHUNK + 5, 33 * CHUNK]


def message(plaintext: bytes, key: bytes = KEY, context: bytes = b"") -> bytes:
    target = io.BytesIO()
    assert stream.encrypt(io.BytesIO(plaintext), target, key, context=context) == len(plaintext)
    return target.getvalue()


class Pipe:
    """Gives a few bytes at a time and cannot seek; has no `readinto`, as the bodies of some HTTP clients."""

    def __init__(self, content: bytes) -> None:
        self.content = io.BytesIO(content)

    def read(self, size: int = -1, /) -> bytes:
        return self.content.read(min(size, 1 + size // 3))


class Lazy(io.RawIOBase):
    """A raw file that takes a part of what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)[: 1 + len(data) // 2]
        self.taken += part
        return len(part)


class TestMessages:
    @pytest.mark.parametrize("length", LENGTHS)
    def test_what_is_encrypted_opens(self, length: int) -> None:
        plaintext = pattern(length)
        made = message(plaintext, context=b"object 7")
        assert len(made) == PREFIX + length + 16 * (length // CHUNK + 1)
        target = io.BytesIO()
        assert stream.decrypt(io.BytesIO(made), target, KEY, context=b"object 7") == length
        assert target.getvalue() == plaintext
        assert Reader(io.BytesIO(made), KEY, context=b"object 7").read() == plaintext

    @pytest.mark.parametrize("length", LENGTHS)
    def test_two_other_implementations_agree(self, length: int) -> None:
        """Cobblestone-256 of the library, and our page's reading of the specification with primitives alone."""
        plaintext = pattern(length)
        made = message(plaintext, context=b"c")
        opened = Cobblestone256Decryptor(KEY, b"c")
        assert opened.update(made) + opened.finalize() == plaintext
        assert formats.cobblestone_open(KEY, b"c", made) == plaintext
        library = Cobblestone256Encryptor(KEY, b"c")
        for theirs in (library.update(plaintext) + library.finalize(), formats.cobblestone_seal(KEY, os.urandom(24), b"c", plaintext)):
            assert Reader(io.BytesIO(theirs), KEY, context=b"c").read() == plaintext
            target = io.BytesIO()
            stream.decrypt(io.BytesIO(theirs), target, KEY, context=b"c")
            assert target.getvalue() == plaintext

    @pytest.mark.parametrize("length", [0, 1, CHUNK, 16 * CHUNK, 33 * CHUNK + 7])
    def test_what_lies_in_memory_is_taken_from_there(self, length: int, tmp_path: Path) -> None:
        plaintext = pattern(length)
        sealed, opened = io.BytesIO(), io.BytesIO()
        assert stream.seal_stream(memoryview(plaintext), sealed, KEY, KEY_ID, SAINT_ELAN) == length
        (tmp_path / "file").write_bytes(sealed.getvalue())
        with (tmp_path / "file").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            assert stream.unseal_stream(mapped, opened, KEY, SAINT_ELAN) == length
            assert stream.read_sealed(View(mapped), KEY, SAINT_ELAN).read() == plaintext
        assert opened.getvalue() == plaintext
        with pytest.raises(SealError, match="cut short"):
            stream.decrypt(message(plaintext)[:-1], io.BytesIO(), KEY)

    def test_a_salt_is_never_used_twice(self) -> None:
        assert len({message(b"")[:24] for _ in range(50)}) == 50

    def test_pipes_and_raw_files_serve_too(self) -> None:
        plaintext, sealed, opened = pattern(5 * CHUNK + 9), Lazy(), Lazy()
        stream.encrypt(Pipe(plaintext), sealed, KEY)
        stream.decrypt(Pipe(sealed.taken), opened, KEY)
        assert opened.taken == plaintext

    def test_a_source_or_a_target_that_would_block_is_named(self) -> None:
        class Dry(io.RawIOBase):
            def readinto(self, buffer: Any) -> None: ...  # type: ignore[override]

            def write(self, data: Any) -> None: ...  # type: ignore[override]

        with pytest.raises(SealError, match="blocking mode"):
            stream.encrypt(Dry(), io.BytesIO(), KEY)
        with pytest.raises(SealError, match="blocking mode"):
            stream.encrypt(io.BytesIO(b"x"), Dry(), KEY)

    def test_a_key_of_another_length_is_refused(self) -> None:
        for act in (lambda: message(b"", key=b"short"), lambda: Reader(io.BytesIO(message(b"")), b"short")):
            with pytest.raises(SealError, match="32 bytes, not 5"):
                act()

    def test_memory_does_not_grow_with_the_file(self) -> None:
        class Zeros:
            left = 64 * 1024 * 1024

            def read(self, size: int = -1, /) -> bytes:
                given = min(size, self.left)
                self.left -= given
                return bytes(given)

        class Nowhere:
            written = 0

            def write(self, data: Any) -> int:
                self.written += len(data)
                return len(data)

        tracemalloc.start()
        nowhere = Nowhere()
        stream.encrypt(Zeros(), nowhere, KEY)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert nowhere.written > Zeros.left
        assert peak < 2 * 1024 * 1024


def damaged_messages() -> list[tuple[str, bytes]]:
    made, other = message(pattern(3 * CHUNK + 100)), message(pattern(3 * CHUNK + 100))
    chunk = [made[PREFIX + at * WIRE : PREFIX + (at + 1) * WIRE] for at in range(4)]
    theirs = [other[PREFIX + at * WIRE : PREFIX + (at + 1) * WIRE] for at in range(4)]
    head = made[:PREFIX]
    return [
        ("nothing", b""),
        ("the head alone", head),
        ("half a head", head[:30]),
        ("a byte less", made[:-1]),
        ("the last chunk is missing", head + b"".join(chunk[:3])),
        ("two chunks are missing", head + b"".join(chunk[:2])),
        ("a cut inside a chunk", made[: PREFIX + WIRE + 700]),
        ("a cut that leaves part of a tag", head + b"".join(chunk[:3]) + chunk[3][:9]),
        ("a chunk from the middle is missing", head + chunk[0] + chunk[2] + chunk[3]),
        ("two chunks changed places", head + chunk[1] + chunk[0] + chunk[2] + chunk[3]),
        ("a chunk stands twice", head + chunk[0] + chunk[0] + chunk[2] + chunk[3]),
        ("a chunk of another file", head + chunk[0] + theirs[1] + chunk[2] + chunk[3]),
        ("the end of another file", head + b"".join(chunk[:3]) + theirs[3]),
        ("the head of another file", other[:PREFIX] + b"".join(chunk)),
        ("something appended", made + b"x"),
        ("another file appended", made + made),
    ]


class TestDamage:
    @pytest.mark.parametrize(("what", "damaged"), damaged_messages(), ids=[what for what, _ in damaged_messages()])
    def test_damage_is_noticed_and_nothing_wrong_is_given_out(self, what: str, damaged: bytes) -> None:
        """From a pipe, what came before may have been written, and is right as far as it goes; from a file that seeks, a cut is
        noticed before the first byte."""
        right = pattern(3 * CHUNK + 100)
        for source in (Pipe(damaged), io.BytesIO(damaged)):
            target = io.BytesIO()
            with pytest.raises(SealError):
                stream.decrypt(source, target, KEY)
            assert right.startswith(target.getvalue())
        with pytest.raises(SealError):
            Reader(io.BytesIO(damaged), KEY).read()

    @pytest.mark.parametrize("name", ["the last chunk is missing", "two chunks are missing", "a cut inside a chunk", "a byte less"])
    def test_a_cut_file_gives_no_byte(self, name: str) -> None:
        target = io.BytesIO()
        with pytest.raises(SealError, match="cut short"):
            stream.decrypt(io.BytesIO(dict(damaged_messages())[name]), target, KEY)
        assert target.getvalue() == b""

    def test_a_bit_flipped_anywhere_is_noticed(self) -> None:
        made, right = message(pattern(CHUNK + 40)), pattern(CHUNK + 40)
        chosen = random.Random(7)
        places = [*range(PREFIX + 20), *range(PREFIX + WIRE - 20, len(made)), *(chosen.randrange(len(made)) for _ in range(100))]
        for position in places:
            damaged = bytearray(made)
            damaged[position] ^= 1 << chosen.randrange(8)
            target = io.BytesIO()
            with pytest.raises(SealError):
                stream.decrypt(io.BytesIO(damaged), target, KEY)
            assert right.startswith(target.getvalue())

    def test_another_key_or_context_is_refused_before_anything_is_decrypted(self) -> None:
        made = message(b"v", context=b"one")
        for key, context in ((OTHER, b"one"), (KEY, b"two"), (KEY, b"")):
            for source in (Pipe(made), io.BytesIO(made)):
                with pytest.raises(SealError, match="not sealed by the key"):
                    stream.decrypt(source, io.BytesIO(), key, context=context)


class TestReader:
    PLAIN = pattern(5 * CHUNK + 321)
    MADE = message(PLAIN)

    @given(st.lists(st.tuples(st.integers(0, 5 * CHUNK + 400), st.integers(0, 2 * CHUNK)), max_size=8))
    def test_any_part_can_be_read(self, cuts: list[tuple[int, int]]) -> None:
        reader = Reader(io.BytesIO(self.MADE), KEY)
        for start, length in cuts:
            assert reader.seek(start) == start
            assert reader.read(length) == self.PLAIN[start : start + length]

    def test_it_is_a_file(self) -> None:
        reader = self._after_a_header()
        assert reader.readable()
        assert reader.seekable()
        assert len(reader) == len(self.PLAIN)
        assert reader.seek(-321, io.SEEK_END) == 5 * CHUNK
        assert reader.read() == self.PLAIN[-321:]
        assert reader.read(5) == b""
        with pytest.raises(ValueError, match="before the start"):
            reader.seek(-1)
        reader.seek(0)
        assert io.BufferedReader(reader).read() == self.PLAIN

    def _after_a_header(self) -> Reader:
        source = io.BytesIO(b"header" + self.MADE)
        source.seek(6)
        return Reader(source, KEY)

    def test_one_damaged_chunk_spoils_that_chunk_alone(self) -> None:
        damaged = bytearray(self.MADE)
        damaged[PREFIX + 2 * WIRE + 5] ^= 1
        reader = Reader(io.BytesIO(damaged), KEY)
        assert reader.read(2 * CHUNK) == self.PLAIN[: 2 * CHUNK]
        reader.seek(3 * CHUNK)
        assert reader.read(10) == self.PLAIN[3 * CHUNK : 3 * CHUNK + 10]
        reader.seek(2 * CHUNK + 100)
        with pytest.raises(SealError, match="damaged"):
            reader.read(1)


class TestSealedFiles:
    def sealed(self, place: Place = SAINT_ELAN, plaintext: bytes = b"contenu") -> io.BytesIO:
        target = io.BytesIO()
        stream.seal_stream(io.BytesIO(plaintext), target, KEY, KEY_ID, place)
        return io.BytesIO(target.getvalue())

    def test_a_file_names_its_key_and_opens_at_its_place(self) -> None:
        for place in (SAINT_ELAN, TROIS_RAPIDES):
            assert stream.stream_key_id(self.sealed(place)) == KEY_ID
            target = io.BytesIO()
            assert stream.unseal_stream(self.sealed(place), target, KEY, place) == 7
            assert target.getvalue() == b"contenu"
            assert stream.read_sealed(self.sealed(place), KEY, place).read() == b"contenu"

    @pytest.mark.parametrize("at", ["region", "table", "column", "row"])
    def test_a_file_moved_elsewhere_does_not_open(self, at: str) -> None:
        moved = Place(**{**{name: getattr(SAINT_ELAN, name) for name in SAINT_ELAN.__dataclass_fields__}, at: "other"})
        with pytest.raises(SealError, match="not for this place"):
            stream.unseal_stream(self.sealed(), io.BytesIO(), KEY, moved)

    def test_an_organisation_s_file_does_not_open_as_another_s(self) -> None:
        with pytest.raises(SealError, match="not for this place"):
            stream.read_sealed(self.sealed(), KEY, TROIS_RAPIDES)

    def test_the_key_s_name_cannot_be_changed(self) -> None:
        changed = bytearray(self.sealed().getvalue())
        changed[5] ^= 1
        with pytest.raises(SealError):
            stream.unseal_stream(io.BytesIO(changed), io.BytesIO(), KEY, SAINT_ELAN)

    @pytest.mark.parametrize(
        ("content", "said"), [(b"", "form is unknown"), (b"\x01\x03short", "form is unknown"), (b"\x01\x01" + bytes(60), "algorithm 1")]
    )
    def test_what_is_no_sealed_file_is_said(self, content: bytes, said: str) -> None:
        with pytest.raises(SealError, match=said):
            stream.unseal_stream(io.BytesIO(content), io.BytesIO(), KEY, SAINT_ELAN)
