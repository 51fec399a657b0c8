"""A small name server: UDP and TCP on the loopback, A and AAAA, aliases as `=other.name`. Answers that do not fit are cut, as they are."""

import ipaddress
import socketserver
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

LIMIT = 512


class NameServer:
    """`names`: what it answers; changed at will while it runs. `spoil`: what is done to each answer before it leaves."""

    def __init__(self, names: Mapping[str, Sequence[str]], spoil: Callable[[bytes], bytes] = lambda raw: raw) -> None:
        self.names = dict(names)
        self._spoil = spoil
        outer = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                raw, there = self.request
                answer = outer._answer(raw)
                if len(answer) > LIMIT:
                    answer = answer[:2] + struct.pack(">HHHHH", 0x8380, 1, 0, 0, 0) + raw[12:]
                there.sendto(answer, self.client_address)

        class Stream(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                (length,) = struct.unpack(">H", self.request.recv(2))
                answer = outer._answer(self.request.recv(length))
                self.request.sendall(struct.pack(">H", len(answer)) + answer)

        self._udp = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Datagram)
        port = self._udp.server_address[1]
        self._tcp = socketserver.ThreadingTCPServer(("127.0.0.1", port), Stream)
        self.place = f"127.0.0.1:{port}"

    def __enter__(self) -> Self:
        for server in (self._udp, self._tcp):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()

    def _answer(self, raw: bytes) -> bytes:
        labels, at = [], 12
        while raw[at]:
            labels.append(raw[at + 1 : at + 1 + raw[at]])
            at += 1 + raw[at]
        kind = struct.unpack(">H", raw[at + 1 : at + 3])[0]
        name = b".".join(labels).decode().lower()
        records, where = [], 12
        found = self.names.get(name)
        if found and found[0].startswith("="):
            target = found[0][1:]
            coded = b"".join(bytes([len(part)]) + part.encode() for part in target.split(".")) + b"\0"
            place = at + 5 + 12
            records.append(struct.pack(">HHHIH", 0xC000 | 12, 5, 1, 60, len(coded)) + coded)
            where, found = place, self.names.get(target)
        for each in found or ():
            packed = ipaddress.ip_address(each).packed
            if (kind == 1) == (len(packed) == 4):
                records.append(struct.pack(">HHHIH", 0xC000 | where, kind, 1, 60, len(packed)) + packed)
        code = 0x8180 if found is not None else 0x8183
        head = raw[:2] + struct.pack(">HHHHH", code, 1, len(records), 0, 0)
        return self._spoil(head + raw[12 : at + 5] + b"".join(records))
