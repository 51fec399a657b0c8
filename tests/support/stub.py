"""A small HTTPS site that answers what a test tells it to: what probes are tried on."""

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs

from support.tls import Authority


@dataclass(frozen=True)
class Asked:
    """One request as it arrived. `source`: the client's address; `host` without port."""

    method: str
    host: str
    path: str
    source: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def cookies(self) -> dict[str, str]:
        return {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("cookie", "")).items()}


@dataclass
class Said:
    """One answer."""

    status: int = 200
    body: bytes = b"ok\n"
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None


@dataclass
class Site:
    """The running stub. `say` may be changed while it runs."""

    port: int
    authority: Path
    say: Callable[[Asked], Said]
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def site(
    directory: Path, say: Callable[[Asked], Said], *, names: tuple[str, ...] = ("garant.localhost", "*.garant.localhost")
) -> Iterator[Site]:
    """A stub for as long as the block lasts, on all loopback addresses."""
    authority = Authority(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.leaf(directory / "leaf.pem", names))
    made: Site

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, headers.get("host", "").split(":")[0], self.path, self.client_address[0], headers, body)
            made.asked.append(asked)
            said = made.say(asked)
            self.send_response(said.status)
            for name, value in said.headers:
                self.send_header(name, value)
            if not any(name.lower() == "transfer-encoding" for name, _ in said.headers):
                self.send_header("content-length", str(len(said.body) if said.length is None else said.length))
            self.send_header("connection", "close")
            self.end_headers()
            self.wfile.write(said.body)
            self.close_connection = True

        do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_PROPFIND = answer  # noqa: N815 - names that the library calls

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[ssl.SSLSocket, object]:
            plain, address = self.socket.accept()
            return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that does not like the certificate is no error of the stub."""

    server = Server(("0.0.0.0", 0), Handler)
    made = Site(server.server_address[1], authority.path, say)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
