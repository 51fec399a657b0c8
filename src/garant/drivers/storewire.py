"""Which engine answers at an address, from the first bytes that it says: no login, no query, nothing is left behind.

| engine      | how it is known                                                                            |
|-------------|--------------------------------------------------------------------------------------------|
| mysql       | speaks first: a handshake packet, protocol 10, whose version is `8.0.36`                     |
| mariadb     | the same, whose version says MariaDB                                                       |
| postgresql  | answers `S` or `N` to an SSLRequest                                                        |
| sqlserver   | answers a PRELOGIN packet (TDS) with a table that has a VERSION                            |
| mongodb     | answers `hello` (OP_MSG) with a document that has `maxWireVersion`                          |
| redis       | answers `PING` with `+PONG`, or with `-NOAUTH`                                              |

Anything else is `unknown`; nothing at all is an EngineError.
"""

import contextlib
import re
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

from garant.kernel.errors import EngineError

PATIENCE = 3.0
"""Seconds for each question."""
SPEAKS_FIRST = 0.4
"""Seconds that an engine has to greet by itself."""
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
PRELOGIN = b"\x12\x01\x00\x1a\x00\x00\x00\x00" + b"\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff" + b"\x00" * 7
PING = b"*1\r\n$4\r\nPING\r\n"


@dataclass(frozen=True)
class Seen:
    """`engine`: one of the table, or `unknown`. `version`: as it says, empty when it does not."""

    engine: str
    version: str = ""


def identify(host: str, port: int, *, patience: float = PATIENCE) -> Seen:
    """What answers at host and port; `host` may be the directory of a PostgreSQL socket. Raises EngineError when nothing does."""
    greeting = _ask(host, port, b"", patience=SPEAKS_FIRST)
    if greeting:
        return _greeted(greeting)
    for question, read in QUESTIONS:
        with contextlib.suppress(EngineError):
            found = read(_ask(host, port, question, patience=patience))
            if found is not None:
                return found
    return Seen("unknown")


def _ask(host: str, port: int, question: bytes, *, patience: float) -> bytes:
    """The first bytes that come back; none when it says nothing. Raises EngineError when it cannot be reached."""
    try:
        with _open(host, port) as line:
            line.settimeout(patience)
            if question:
                line.sendall(question)
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                return line.recv(4096)
            return b""
    except OSError as error:
        raise EngineError(f"nothing answers at {host} port {port}: {error.strerror or error}") from error


def _open(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port), timeout=PATIENCE)
    line = socket.socket(socket.AF_UNIX)
    try:
        line.settimeout(PATIENCE)
        line.connect(f"{host}/.s.PGSQL.{port}")
    except OSError:
        line.close()
        raise
    return line


def _greeted(greeting: bytes) -> Seen:
    if len(greeting) > 6 and greeting[3] == 0 and greeting[4] == 10:
        version = greeting[5:].split(b"\0", 1)[0].decode("ascii", "replace")
        if re.match(r"\d", version):
            return Seen("mariadb" if "mariadb" in version.lower() else "mysql", version.removeprefix("5.5.5-"))
    return Seen("unknown")


def _postgres(answer: bytes) -> Seen | None:
    return Seen("postgresql") if answer[:1] in (b"S", b"N") and len(answer) == 1 else None


def _sqlserver(answer: bytes) -> Seen | None:
    """A table of options: type, offset, length; VERSION is type 0, six bytes."""
    if len(answer) < 19 or answer[0] != 4 or answer[8] != 0:
        return None
    offset, length = struct.unpack("!HH", answer[9:13])
    said = answer[8 + offset : 8 + offset + length]
    if length != 6 or len(said) != 6:
        return None
    major, minor, build = struct.unpack("!BBH", said[:4])
    return Seen("sqlserver", f"{major}.{minor}.{build}")


def _mongodb(answer: bytes) -> Seen | None:
    if len(answer) < 21 or struct.unpack("<i", answer[12:16])[0] not in (1, 2013) or b"maxWireVersion\x00" not in answer:
        return None
    found = re.search(rb"\x10maxWireVersion\x00(.{4})", answer, re.DOTALL)
    return Seen("mongodb", f"wire {struct.unpack('<i', found[1])[0]}") if found else None


def _redis(answer: bytes) -> Seen | None:
    return Seen("redis") if answer.startswith((b"+PONG", b"-NOAUTH", b"-DENIED")) else None


def _hello() -> bytes:
    """`{hello: 1, $db: "admin"}` as OP_MSG."""
    body = b"\x10hello\x00" + struct.pack("<i", 1) + b"\x02$db\x00" + struct.pack("<i", 6) + b"admin\x00"
    document = struct.pack("<i", len(body) + 5) + body + b"\x00"
    message = struct.pack("<iB", 0, 0) + document
    return struct.pack("<iiii", 16 + len(message), 1, 0, 2013) + message


QUESTIONS: tuple[tuple[bytes, Callable[[bytes], Seen | None]], ...] = (
    (SSL_REQUEST, _postgres),
    (PRELOGIN, _sqlserver),
    (_hello(), _mongodb),
    (PING, _redis),
)
