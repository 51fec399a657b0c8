"""To which addresses a name leads, as a name server answers: what the world sees, whatever this machine's own files say.

    addresses("www.example.org", servers=("192.0.2.53",))     asks those, one after the other until one answers
    addresses("www.example.org")                              the machine's own resolver

One question of type A, one of type AAAA, over UDP (RFC 1035), again over TCP when the answer was cut. Names that lead elsewhere (CNAME)
are followed by the server; what it says of other names is not believed.
"""

import ipaddress
import secrets
import socket
import struct
from collections.abc import Sequence

from garant.kernel.errors import EngineError
from garant.kernel.text import Text

TYPES = {"A": 1, "CNAME": 5, "AAAA": 28}
TIMEOUT = 3.0
NO_SUCH_NAME = 3


def addresses(name: str, *, servers: Sequence[str] = (), timeout: float = TIMEOUT) -> tuple[str, ...]:
    """Every address of `name`, sorted; an address as name is itself; none for a name that does not exist. Raises EngineError."""
    try:
        return (str(ipaddress.ip_address(name)),)
    except ValueError:
        pass
    if not servers:
        return _own(name)
    trouble = ""
    for server in servers:
        try:
            return tuple(sorted({found for kind in ("A", "AAAA") for found in _ask(name, kind, server, timeout)}))
        except (OSError, ValueError, struct.error, IndexError) as error:
            trouble = f"{server}: {error or type(error).__name__}"
    raise _no_answer(name, trouble)


def _own(name: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)):
            return ()
        raise _no_answer(name, error.strerror or str(error)) from error
    return tuple(sorted({str(each[4][0]).partition("%")[0] for each in found}))


def _no_answer(name: str, why: str) -> EngineError:
    return EngineError(Text(f"aucun serveur de noms ne répond pour {name} ({why}).", f"no name server answers for {name}: {why}"))


def _ask(name: str, kind: str, server: str, timeout: float) -> list[str]:
    host, _, port = server.rpartition(":") if server.count(":") == 1 else (server, "", "53")
    place = (host, int(port))
    identity = secrets.randbelow(65536)
    labels = b"".join(bytes([len(part)]) + part for part in name.rstrip(".").encode("idna").split(b".")) + b"\0"
    question = labels + struct.pack(">HH", TYPES[kind], 1)
    sent = struct.pack(">HHHHHH", identity, 0x0100, 1, 0, 0, 0) + question
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asked:
        asked.settimeout(timeout)
        asked.connect(place)
        asked.send(sent)
        answer = asked.recv(4096)
    if struct.unpack(">H", answer[2:4])[0] & 0x0200:
        answer = _over_tcp(place, sent, timeout)
    return _read(answer, identity, kind)


def _over_tcp(place: tuple[str, int], sent: bytes, timeout: float) -> bytes:
    with socket.create_connection(place, timeout=timeout) as asked:
        asked.sendall(struct.pack(">H", len(sent)) + sent)
        with asked.makefile("rb") as stream:
            (length,) = struct.unpack(">H", stream.read(2))
            return stream.read(length)


def _read(answer: bytes, identity: int, kind: str) -> list[str]:
    """Addresses of the answer, of the name that was asked or of those to which it leads. Raises ValueError for another's answer."""
    told, flags, questions, answers = struct.unpack(">HHHH", answer[:8])
    if told != identity or not flags & 0x8000 or questions != 1:
        raise ValueError("this is no answer to the question")
    code = flags & 15
    if code == NO_SUCH_NAME:
        return []
    if code:
        raise ValueError(f"the server answers with the error {code}")
    name, at = _name(answer, 12)
    known, found = {name}, []
    at += 4
    for _ in range(answers):
        owner, at = _name(answer, at)
        type_, _, _, length = struct.unpack(">HHIH", answer[at : at + 10])
        at += 10
        if owner in known and type_ == TYPES["CNAME"]:
            known.add(_name(answer, at)[0])
        elif owner in known and type_ == TYPES[kind]:
            found.append(str(ipaddress.ip_address(answer[at : at + length])))
        at += length
    return found


def _name(answer: bytes, at: int) -> tuple[str, int]:
    """A name in lower case and the place after it; pointers go backwards only, so that none turns in a circle."""
    parts, after, limit = [], 0, at
    while length := answer[at]:
        if length & 0xC0 == 0xC0:
            (place,) = struct.unpack(">H", answer[at : at + 2])
            after = after or at + 2
            at = place & 0x3FFF
            if at >= limit:
                raise ValueError("a name points forward")
            limit = at
            continue
        parts.append(answer[at + 1 : at + 1 + length].decode("ascii", errors="replace").lower())
        at += 1 + length
    return ".".join(parts), after or at + 1
