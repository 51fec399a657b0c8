"""Files and backup objects: C2SP chunked-encryption@v1 as Cobblestone-256 (SHA-512 and AES-256-GCM), in bounded memory.

    salt (24) | commitment (32) | chunk | chunk | … | last chunk        each chunk: up to 16 KiB of plaintext and a tag (16)

1. Every chunk but the last holds 16 KiB, the last one less, perhaps nothing: an end on a full chunk is a cut, and is noticed.
2. Key, nonces and commitment come from the key, a fresh salt and a context; a chunk in another position or from another file does not open.
3. The commitment is compared before anything is decrypted.
4. No byte is given out before its chunk is authenticated. Where the source can seek, the last chunk is authenticated first, so that a cut
   is noticed before the first byte; from a pipe it is noticed at the end: whatever was written belongs thrown away when an error comes.

`encrypt` and `decrypt` are the specification alone; any implementation of Cobblestone-256 opens their files. `seal_stream` puts the key's
name in front (`0x01 | 0x03 | key id (16)`) and pins the file to its place through the context:

    with path.open("rb") as source, target.open("wb") as sealed:
        seal_stream(source, sealed, key, key_id, Place("ca-central", tenant, "backup", "object", "2026-11/0007"))
    with target.open("rb") as sealed:
        reader = read_sealed(sealed, key, place)            # an ordinary file: seek, read
"""

import hmac
import io
import uuid
from collections.abc import Iterator
from mmap import mmap
from typing import Protocol, cast

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from garant.sdk.envelope import FORMAT, HEADER_BYTES, KEY_BYTES, NONCE_BYTES, TAG_BYTES, Place, SealError

CHUNKED = 3
"""The algorithm's number in the header that names the key."""
CHUNK = 16_384
"""Bytes of plaintext in every chunk but the last."""
WIRE = CHUNK + TAG_BYTES
STREAM_SALT_BYTES = 24
STREAM_COMMITMENT_BYTES = 32
PREFIX = STREAM_SALT_BYTES + STREAM_COMMITMENT_BYTES
"""56 bytes before the first chunk."""
MOST_CHUNKS = 2**38
CHUNKS_AT_ONCE = 16
"""Chunks taken from the source in one step: 256 KiB."""

_INFO = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"
_SHORT = "this file was cut short: its end is missing"
_DAMAGED = "this file is damaged, was rearranged, or is not the one of this place"


class Source(Protocol):
    """Where bytes come from."""

    def read(self, size: int = ..., /) -> bytes | None: ...


Held = bytes | bytearray | memoryview | mmap
"""Bytes that are in memory, or mapped into it."""


class Seekable(Source, Protocol):
    """A source that can be entered anywhere."""

    def seek(self, offset: int, whence: int = ..., /) -> int: ...

    def tell(self) -> int: ...


class Target(Protocol):
    """Where bytes go."""

    def write(self, data: memoryview | bytes, /) -> int | None: ...


class View:
    """What lies in memory, as a source that can be entered anywhere; its bytes are not copied."""

    def __init__(self, held: Held) -> None:
        self._bytes, self._at = memoryview(held).cast("B"), 0

    def part(self, size: int) -> memoryview:
        """The next bytes where they lie; empty at the end."""
        taken = self._bytes[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, all of them for -1."""
        return bytes(self.part(len(self._bytes) if size < 0 else size))

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next byte is."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._bytes)}[whence]
        return self._at


def encrypt(source: Source | Held, target: Target, key: bytes, *, context: bytes = b"") -> int:
    """Write the Cobblestone-256 message of everything in `source`; the number of bytes read. `key`: 32 random bytes.

    What is in memory already (bytes, memoryview, mmap) is taken from where it lies. `context`: what the reader has to know too, such as
    the file's name; it is authenticated and not written.
    """
    encryptor = Cobblestone256Encryptor(_checked(key), context)
    made = memoryview(bytearray(PREFIX + CHUNKS_AT_ONCE * WIRE))
    total = 0
    for part in _parts(source, CHUNKS_AT_ONCE * CHUNK):
        total += len(part)
        _write(target, made[: encryptor.update_into(part, made)])
    _write(target, memoryview(encryptor.finalize()))
    return total


def decrypt(source: Source | Held, target: Target, key: bytes, *, context: bytes = b"") -> int:
    """Write the plaintext of the message in `source`; the number of bytes written.

    Raises SealError for another key or context, and for a file that is cut, damaged or rearranged: then the target is worth nothing.
    """
    opened = _opened(source)
    _check_end(opened, key, context)
    decryptor = Cobblestone256Decryptor(_checked(key), context)
    head, made = memoryview(bytearray(PREFIX)), memoryview(bytearray(CHUNKS_AT_ONCE * CHUNK))
    total = 0
    try:
        if _fill(opened, head) < PREFIX:
            raise SealError(_SHORT)
        decryptor.update(head)
    except InvalidTag as error:
        raise SealError("this file was not sealed by the key that was given, or not for this place") from error
    try:
        for part in _parts(opened, CHUNKS_AT_ONCE * WIRE):
            count = decryptor.update_into(part, made)
            _write(target, made[:count])
            total += count
    except InvalidTag as error:
        raise SealError(_DAMAGED) from error
    try:
        last = decryptor.finalize()
    except (InvalidTag, ValueError) as error:
        raise SealError(_SHORT) from error
    _write(target, memoryview(last))
    return total + len(last)


def seal_stream(source: Source | Held, target: Target, key: bytes, key_id: uuid.UUID, place: Place) -> int:
    """The same, with the key's name in front and pinned to its place; the number of bytes read."""
    _write(target, memoryview(bytes((FORMAT, CHUNKED)) + key_id.bytes))
    return encrypt(source, target, key, context=context_of(place, key_id))


def unseal_stream(source: Source | Held, target: Target, key: bytes, place: Place) -> int:
    """The plaintext of a sealed file; the number of bytes written. Raises SealError as `decrypt` does, and for a file moved elsewhere."""
    opened = _opened(source)
    return decrypt(opened, target, key, context=context_of(place, stream_key_id(opened)))


def read_sealed(source: Seekable, key: bytes, place: Place) -> "Reader":
    """A sealed file for reading anywhere. Raises SealError before anything can be read from a file that is cut or not of this place."""
    key_id = stream_key_id(source)
    return Reader(source, key, context=context_of(place, key_id))


def stream_key_id(source: Source) -> uuid.UUID:
    """Which key sealed the file whose first byte comes next; the message follows. Raises SealError for anything else."""
    header = memoryview(bytearray(HEADER_BYTES))
    if _fill(source, header) < HEADER_BYTES or header[0] != FORMAT:
        raise SealError("this is not a sealed file: its form is unknown")
    if header[1] != CHUNKED:
        raise SealError(f"this was sealed by algorithm {header[1]}, which is not that of files ({CHUNKED})")
    return uuid.UUID(bytes=bytes(header[2:]))


def context_of(place: Place, key_id: uuid.UUID) -> bytes:
    """The context that pins a file to its place: every part and the key, each preceded by its length (4 bytes, big endian)."""
    names = (place.region.encode(), place.tenant.bytes, place.table.encode(), place.column.encode(), place.row.encode())
    return b"".join(len(part).to_bytes(4, "big") + part for part in (b"garant/1/stream", *names, key_id.bytes))


class Reader(io.RawIOBase):
    """The plaintext of a message as a file that can be read from anywhere. One thread at a time.

    Made on the message's first byte in `source`. The key and the last chunk, hence the length, are authenticated at once.
    """

    def __init__(self, source: Seekable, key: bytes, *, context: bytes = b"") -> None:
        super().__init__()
        start = source.tell()
        size = source.seek(0, io.SEEK_END) - start
        full, rest = divmod(size - PREFIX, WIRE)
        if size < PREFIX or rest < TAG_BYTES or full >= MOST_CHUNKS:
            raise SealError(_SHORT)
        self._source, self._start, self._chunks = source, start + PREFIX, full + 1
        self._length = full * CHUNK + rest - TAG_BYTES
        source.seek(start)
        head = memoryview(bytearray(PREFIX))
        _fill(source, head)
        self._aead, self._nonce = _open(key, bytes(head), context)
        self._held: tuple[int, bytes] = (full, self._decrypt(full))
        self._position = 0

    def __len__(self) -> int:
        return self._length

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Position in the plaintext."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position of the plaintext. Raises ValueError for one before its start."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        if base + offset < 0:
            raise ValueError(f"position {base + offset} lies before the start")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """Fill `buffer` from here on; fewer bytes at the end. Raises SealError for a chunk that does not authenticate."""
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view) and self._position < self._length:
            number, within = divmod(self._position, CHUNK)
            if self._held[0] != number:
                self._held = (number, self._decrypt(number))
            part = self._held[1][within : within + len(view) - done]
            view[done : done + len(part)] = part
            done += len(part)
            self._position += len(part)
        return done

    def _decrypt(self, number: int) -> bytes:
        last = number == self._chunks - 1
        raw = memoryview(bytearray(self._length % CHUNK + TAG_BYTES if last else WIRE))
        self._source.seek(self._start + number * WIRE)
        if _fill(self._source, raw) < len(raw):
            raise SealError(_SHORT)
        try:
            return self._aead.decrypt((self._nonce ^ number).to_bytes(NONCE_BYTES, "big"), raw, None)
        except InvalidTag as error:
            raise SealError(_SHORT if last else _DAMAGED) from error


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise SealError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
    return key


def _open(key: bytes, head: bytes, context: bytes) -> tuple[AESGCM, int]:
    """The message's own key and base nonce. Raises SealError when the commitment is not that of this key and context."""
    length = KEY_BYTES + NONCE_BYTES + STREAM_COMMITMENT_BYTES
    derived = HKDFExpand(SHA512(), length, _INFO + head[:STREAM_SALT_BYTES] + context).derive(_checked(key))
    if not hmac.compare_digest(derived[KEY_BYTES + NONCE_BYTES :], head[STREAM_SALT_BYTES:]):
        raise SealError("this file was not sealed by the key that was given, or not for this place")
    return AESGCM(derived[:KEY_BYTES]), int.from_bytes(derived[KEY_BYTES : KEY_BYTES + NONCE_BYTES], "big")


def _check_end(source: Source, key: bytes, context: bytes) -> None:
    """Where the source can seek: that the message is whole, before its first byte is given out."""
    seekable = getattr(source, "seekable", None)
    if seekable is not None and seekable():
        entered = cast(Seekable, source)
        start = entered.tell()
        Reader(entered, key, context=context)
        entered.seek(start)


def _opened(source: Source | Held) -> Source:
    return View(source) if isinstance(source, bytes | bytearray | memoryview | mmap) else source


def _parts(source: Source | Held, size: int) -> Iterator[memoryview]:
    """The source in parts of `size`, the last one shorter. A part is good until the next one is asked for."""
    opened = _opened(source)
    if isinstance(opened, View):
        while part := opened.part(size):
            yield part
        return
    taken = memoryview(bytearray(size))
    while count := _fill(opened, taken):
        yield taken[:count]
        if count < size:
            return


def _fill(source: Source, view: memoryview) -> int:
    """Read until `view` is full or the source ends: a pipe gives what it has."""
    into = getattr(source, "readinto", None)
    done = 0
    while done < len(view):
        if into is not None:
            count = into(view[done:])
        else:
            got = source.read(len(view) - done)
            count = None if got is None else len(got)
            view[done : done + len(got or b"")] = got or b""
        if count is None:
            raise SealError("the source gives nothing at the moment; open it in blocking mode")
        if not count:
            break
        done += count
    return done


def _write(target: Target, data: memoryview) -> None:
    """All of it: a raw file may take less at once."""
    while data:
        count = target.write(data)
        if count == len(data) or (count is None and not isinstance(target, io.RawIOBase)):
            return
        if not count:
            raise SealError("the target takes nothing at the moment; open it in blocking mode")
        data = data[count:]
