"""One HTTPS request as a stranger would send it, from a chosen source address, and the answer as it came.

    probe = HttpProbe(connect="127.0.0.1", port=8443, authority=data / "tls/ca.pem")
    answer = probe.ask("saint-elan.garant.localhost", "/", source="127.66.53.1")
    answer.status, answer.header("location"), answer.cookies

- Names are not resolved: SNI and Host carry the name, the connection goes to `connect`. The certificate is verified for the name.
- On one machine, `source` is any address of 127.0.0.0/8: no client from outside can have one.
- No redirect is followed, no cookie kept, nothing decompressed: the caller sees every step.
- Errors call the host by `name` where one is given: what they say may be published, and a customer's host is nobody's business.
- Header names come in lower case; the body is cut at `limit` bytes and then says so. One deadline covers the whole exchange.
- `pace` (bytes a second) slows reading down to that of a poor mobile link.

Raises EngineError when no whole answer came: a probe that could not ask has seen nothing.
"""

import os
import secrets
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from garant.drivers.process import Deadline
from garant.kernel.errors import EngineError
from garant.kernel.text import NBSP, Text

AGENT = "garant-probe"


@dataclass(frozen=True)
class Answer:
    """What came back. `headers`: in their order, names in lower case. `size`: bytes received, head included; `ms`: whole exchange."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool
    size: int
    ms: int

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for found, value in self.headers if found == name]

    def header(self, name: str) -> str:
        """The first value of a header, or the empty string."""
        return next(iter(self.all(name)), "")

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")

    @property
    def cookies(self) -> Mapping[str, str]:
        """Name and value of each cookie that the answer sets, as sent (no decoding)."""
        pairs = (value.split(";", 1)[0].partition("=") for value in self.all("set-cookie"))
        return {name.strip(): value.strip() for name, _, value in pairs}


@dataclass
class Browser:
    """A person's browser, as far as a probe needs it: it keeps cookies of one host and follows what it is told to."""

    probe: "HttpProbe"
    host: str
    source: str = ""
    name: str = ""
    """What errors call the host; empty: by its name."""
    cookies: dict[str, str] = field(default_factory=dict)
    set: list[str] = field(default_factory=list)
    """Every Set-Cookie line that was received, in order."""
    place: str = ""
    """The path that was asked last."""

    @property
    def called(self) -> str:
        return self.name or self.host

    def get(self, path: str) -> Answer:
        return self._ask(path, "GET", b"", ())

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Send a form as the page at `path` would, with its origin."""
        body = urlencode(fields).encode()
        origin = f"https://{self.host}{self.probe.suffix}"
        headers = (("content-type", "application/x-www-form-urlencoded"), ("origin", origin), ("referer", f"{origin}{path}"))
        return self._ask(path, "POST", body, headers)

    def send(self, path: str, fields: Mapping[str, str], files: Mapping[str, tuple[str, bytes]]) -> Answer:
        """Send a form with files, by field: name and content."""
        border = secrets.token_hex(16)
        parts = [
            f'--{border}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()
        ]
        for name, (called, content) in files.items():
            head = f'--{border}\r\ncontent-disposition: form-data; name="{name}"; filename="{called}"\r\n'
            parts.append(f"{head}content-type: application/octet-stream\r\n\r\n".encode() + content + b"\r\n")
        origin = f"https://{self.host}{self.probe.suffix}"
        kind = ("content-type", f"multipart/form-data; boundary={border}")
        return self._ask(
            path, "POST", b"".join(parts) + f"--{border}--\r\n".encode(), (kind, ("origin", origin), ("referer", f"{origin}{path}"))
        )

    def follow(self, answer: Answer) -> Answer:
        """GET what redirects point to on this host, ten at most. Raises EngineError for a loop or another host."""
        for _ in range(10):
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            place = answer.header("location")
            own = f"https://{self.host}{self.probe.suffix}"
            if not place.startswith("/"):
                if not place.startswith(f"{own}/"):
                    raise EngineError(Text(f"{self.called} mène à un autre hôte.", f"{self.called} leads to another host."))
                place = place.removeprefix(own)
            answer = self.get(place)
        raise EngineError(Text(f"{self.called} redirige en rond.", f"{self.called} redirects in a circle."))

    def _ask(self, path: str, method: str, body: bytes, headers: Iterable[tuple[str, str]]) -> Answer:
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        cookie = [("cookie", sent)] if sent else []
        self.place = path
        answer = self.probe.ask(self.host, path, method=method, body=body, headers=(*headers, *cookie), source=self.source, name=self.name)
        self.set += answer.all("set-cookie")
        for name, value in answer.cookies.items():
            if value in ("", '""'):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer


class HttpProbe:
    """Asks over HTTPS. `authority`: PEM file of the signing authority, None for the system's. `seconds`: deadline of one exchange."""

    def __init__(
        self, *, connect: str, port: int, authority: Path | None, limit: int = 262_144, seconds: float = 15.0, pace: int = 0
    ) -> None:
        self.connect, self.port, self.limit, self.seconds, self.pace = connect, port, limit, seconds, pace
        self._authority = authority

    @property
    def suffix(self) -> str:
        """What follows the host name in an address."""
        return "" if self.port == 443 else f":{self.port}"

    def browser(self, host: str, *, source: str = "", name: str = "") -> Browser:
        """A browser without any cookie."""
        return Browser(self, host, source, name)

    def ask(
        self,
        host: str,
        path: str,
        *,
        method: str = "GET",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        source: str = "",
        name: str = "",
    ) -> Answer:
        """One request on a connection of its own. `name`: what errors call the host. Raises EngineError without a whole answer in time."""
        head = [f"{method} {path} HTTP/1.1", f"host: {host}{self.suffix}", f"user-agent: {AGENT}", "connection: close"]
        head += [f"{name}: {value}" for name, value in headers]
        if body or method not in ("GET", "HEAD"):
            head.append(f"content-length: {len(body)}")
        if any("\r" in line or "\n" in line for line in head):
            raise ValueError("a header holds a line break")
        message = "\r\n".join([*head, "", ""]).encode("latin-1") + body
        began, deadline = time.monotonic(), Deadline(self.seconds)
        try:
            raw, truncated = self._exchange(host, message, source, deadline)
        except (OSError, ssl.SSLError, ssl.CertificateError) as error:
            place = f"{name}{path}" if name else f"https://{host}{self.suffix}{path}"
            why = _said(error).replace(host, name or host)
            raise EngineError(Text(f"{place} n’a pas répondu ({why}).", f"{place} did not answer: {why}")) from error
        status, found, content = _parse(raw, name or host, method, whole=not truncated)
        return Answer(status, found, content, truncated, len(raw), int((time.monotonic() - began) * 1000))

    def _exchange(self, host: str, message: bytes, source: str, deadline: Deadline) -> tuple[bytes, bool]:
        context = ssl.create_default_context(cafile=os.fspath(self._authority) if self._authority else None)
        context.set_alpn_protocols(["http/1.1"])
        plain = socket.create_connection((self.connect, self.port), timeout=self.seconds, source_address=(source, 0) if source else None)
        with plain, context.wrap_socket(plain, server_hostname=host) as channel:
            channel.settimeout(max(0.001, deadline.left()))
            channel.sendall(message)
            parts: list[bytes] = []
            size = 0
            for part in self._read(channel, deadline):
                parts.append(part)
                size += len(part)
                if size > self.limit:
                    return b"".join(parts)[: self.limit], True
            return b"".join(parts), False

    def _read(self, channel: ssl.SSLSocket, deadline: Deadline) -> Iterator[bytes]:
        while True:
            if deadline.passed():
                raise TimeoutError("the answer was not whole in time")
            channel.settimeout(max(0.001, deadline.left()))
            try:
                part = channel.recv(min(16384, self.pace // 10 or 1) if self.pace else 16384)
            except ssl.SSLEOFError:
                return
            if not part:
                return
            yield part
            if self.pace:
                time.sleep(len(part) / self.pace)


def _parse(raw: bytes, host: str, method: str, *, whole: bool) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    head, found, content = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if not found or len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        began = repr(lines[0][:80])
        raise EngineError(
            Text(f"{host} a dit autre chose qu’une réponse HTTP{NBSP}: {began}", f"{host} sent something that is no HTTP answer: {began}")
        )
    headers = tuple((name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:]))
    if method != "HEAD" and any(name == "transfer-encoding" and "chunked" in value.lower() for name, value in headers):
        content = b"".join(_chunks(content))
    elif whole and method != "HEAD" and len(content) < int(next((value for name, value in headers if name == "content-length"), "0")):
        raise EngineError(Text(f"{host} a interrompu sa réponse.", f"{host} ended its answer before its end."))
    return int(words[1]), headers, content


def _chunks(content: bytes) -> Iterator[bytes]:
    """The pieces of a chunked body; one that was cut ends where it ends."""
    while content:
        line, _, rest = content.partition(b"\r\n")
        try:
            size = int(line.split(b";", 1)[0], 16)
        except ValueError:
            return
        if size == 0:
            return
        yield rest[:size]
        content = rest[size + 2 :]


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
