"""A ClientHello made by hand, so that we may offer what the local OpenSSL has long forgotten, and read the server's choice.

    hello("127.0.0.1", 8443, host="garant.localhost", version=TLS_1_1, suites=ALL_SUITES)   # -> Answer(alert=70)

Only the first answer is read: a ServerHello names version and suite in clear in every version of TLS; no key is ever agreed.
For TLS 1.3 the hello brings no key share, so the server answers with a HelloRetryRequest, which names the suite too (RFC 8446, 4.1.4).
"""

import os
import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from garant.kernel.errors import EngineError

TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = 0x0301, 0x0302, 0x0303, 0x0304
NAMES = {0x0300: "SSL 3.0", TLS_1_0: "TLS 1.0", TLS_1_1: "TLS 1.1", TLS_1_2: "TLS 1.2", TLS_1_3: "TLS 1.3"}

X25519, P_256, P_384 = 0x001D, 0x0017, 0x0018
SIGNATURES = (0x0403, 0x0503, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201)

ALL_SUITES = tuple(code for code in (*range(0x0001, 0x00FF), *range(0xC001, 0xC0B4), *range(0xCCA8, 0xCCAF)))
"""Every TLS 1.0 to 1.2 code point that was ever registered, and some that were not."""
SUITES_1_3 = (0x1301, 0x1302, 0x1303, 0x1304, 0x1305)


@dataclass(frozen=True)
class Answer:
    """What the server chose, or how it refused: `alert` is its number (RFC 8446, 6), None when it just hung up."""

    version: int | None = None
    suite: int | None = None
    alert: int | None = None

    @property
    def accepted(self) -> bool:
        return self.suite is not None


def hello(
    address: str,
    port: int,
    *,
    host: str,
    version: int,
    suites: Iterable[int],
    groups: Sequence[int] = (X25519, P_256, P_384),
    timeout: float = 5.0,
) -> Answer:
    """Offer exactly `version` and `suites`, read the answer. `timeout` in seconds. Raises EngineError when nobody answers at all."""
    try:
        with socket.create_connection((address, port), timeout=timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(client_hello(host=host, version=version, suites=tuple(suites), groups=groups))
            return read_answer(connection)
    except (ConnectionResetError, BrokenPipeError):
        return Answer()
    except OSError as error:
        raise EngineError(f"{address} port {port} does not answer a TLS greeting: {error}") from error


def accepted_suites(
    address: str, port: int, *, host: str, version: int, suites: Iterable[int] | None = None, timeout: float = 5.0
) -> tuple[int, ...]:
    """Every suite that the server accepts in `version`, in its order of preference: what it chooses is struck out and offered no more."""
    left = list(suites if suites is not None else (SUITES_1_3 if version == TLS_1_3 else ALL_SUITES))
    found: list[int] = []
    while left:
        answer = hello(address, port, host=host, version=version, suites=left, timeout=timeout)
        if answer.suite is None or answer.version != version:
            break
        if answer.suite not in left:
            raise EngineError(f"{host} chose suite {answer.suite:#06x}, which was not offered")
        found.append(answer.suite)
        left.remove(answer.suite)
    return tuple(found)


def client_hello(*, host: str, version: int, suites: Sequence[int], groups: Sequence[int]) -> bytes:
    """The bytes of one record with one ClientHello."""
    name = host.encode("idna")
    extensions = [
        (0, _with_length(b"\0" + _with_length(name))),  # server_name
        (10, _with_length(_words(groups))),  # supported_groups
        (11, b"\x01\x00"),  # ec_point_formats: uncompressed
    ]
    if version >= TLS_1_2:
        extensions.append((13, _with_length(_words(SIGNATURES))))
    if version == TLS_1_3:
        extensions += [(43, b"\x02" + _words((TLS_1_3,))), (51, _with_length(b""))]  # supported_versions, an empty key_share
    body = _words((min(version, TLS_1_2),)) + os.urandom(32)
    body += b"\x20" + os.urandom(32) if version == TLS_1_3 else b"\x00"
    body += _with_length(_words(suites)) + b"\x01\x00"
    body += _with_length(b"".join(_words((kind,)) + _with_length(content) for kind, content in extensions))
    handshake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + _with_length(handshake)


def read_answer(connection: socket.socket) -> Answer:
    """The server's ServerHello or alert. Raises EngineError for bytes that are not TLS."""
    header = _exactly(connection, 5)
    if len(header) < 5:
        return Answer()
    kind, length = header[0], int.from_bytes(header[3:5], "big")
    if kind not in (21, 22) or header[1] != 3:
        raise EngineError("the answer to a TLS greeting is not TLS")
    content = _exactly(connection, length)
    if kind == 21:
        return Answer(alert=content[1] if len(content) > 1 else None)
    return _server_hello(content)


def _server_hello(content: bytes) -> Answer:
    try:
        if content[0] != 2:
            raise EngineError("the answer to a TLS greeting is no ServerHello")
        version = int.from_bytes(content[4:6], "big")
        at = 38 + 1 + content[38]
        suite = int.from_bytes(content[at : at + 2], "big")
        at += 3
        end = min(len(content), 4 + int.from_bytes(content[1:4], "big"))
        at += 2
        while at + 4 <= end:
            kind, length = struct.unpack_from(">HH", content, at)
            if kind == 43:
                version = int.from_bytes(content[at + 4 : at + 6], "big")
            at += 4 + length
    except IndexError as error:
        raise EngineError("the server's TLS answer is cut short") from error
    return Answer(version=version, suite=suite)


def _exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count and (more := connection.recv(count - len(received))):
        received += more
    return received


def _words(values: Sequence[int]) -> bytes:
    return b"".join(struct.pack(">H", value) for value in values)


def _with_length(content: bytes) -> bytes:
    return struct.pack(">H", len(content)) + content
