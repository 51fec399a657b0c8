"""A real HAProxy with stand-in services behind it: an application that tells what it saw, a web process, a decision service.

with edge_rig() as rig:
    rig.decide.grant("sid-1", user=ROSALIE)
    assert rig.ask("/dossiers/", sid="sid-1").seen["x-garant-user"] == ROSALIE
"""

import asyncio
import hashlib
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from garant.drivers.haproxy import Master, Runtime
from garant.edge.engines.haproxy import Lists, Places, service_names, write_files
from garant.edge.policy.addresses import AddressRule, compile_addresses
from garant.edge.policy.haproxy import Plan, RouteRule

BASE = "garant.localhost"
HOST = f"saint-elan.{BASE}"
OTHER = f"trois-rapides.{BASE}"
ROSALIE = "7d1f5f0e-5a52-4d3d-9a37-1b8f4a0c1f01"
OMER = "7d1f5f0e-5a52-4d3d-9a37-1b8f4a0c1f02"
HOSTS = {BASE: "operator", HOST: "saint-elan", OTHER: "trois-rapides"}
ROUTES = (
    RouteRule("/public/", "public"),
    RouteRule("/entrer/", "login"),
    RouteRule("/gestion/", "member", ("admin", "editor")),
)
ENDLESS = {"/stream": "text/event-stream", "/export": "application/x-ndjson", "/late": "text/csv"}
"""Paths whose answer never ends, with their type; `/late` begins when `stream` is set."""
MAXIMUM = 4 * 1024**3
FIRST_PORT = 42200


def free_port() -> int:
    """A port that nobody listens on; the range keeps parallel runs apart from ephemeral ports."""
    start = FIRST_PORT + os.getpid() % 500
    for port in [*range(start, 42990), *range(FIRST_PORT, start)]:
        if port in _given:
            continue
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("0.0.0.0", port))
            _given.add(port)
            return port
    raise RuntimeError("no free port")


_given: set[int] = set()


def until(condition: Callable[[], Any], *, limit: float = 10.0, what: str = "the condition") -> Any:
    """The first true value of `condition`, or a failure after `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        if value := condition():
            return value
        assert time.monotonic() < end, f"{what} did not come within {limit:g} s"
        time.sleep(0.01)


def session_hash(sid: str) -> str:
    return hashlib.sha256(sid.encode()).hexdigest().upper()


@dataclass
class Answer:
    """One answer of the edge."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def seen(self) -> dict[str, Any]:
        """What the stand-in that answered says it saw: `server`, `method`, `path`, `size`, and header names to values."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def server(self) -> str:
        """`application`, `web`, or empty when the edge answered by itself."""
        return self.seen["server"] if (self.header("content-type") or "").startswith("application/json") else ""


class Decide:
    """The stand-in decision service. `say` answers one question; by default it knows the sessions that were granted."""

    def __init__(self) -> None:
        self.granted: dict[str, str] = {}
        self.asked: list[Mapping[str, str]] = []
        self.say: Callable[[Mapping[str, str]], Any] = self.known
        self.hold = threading.Event()
        self.hold.set()

    def grant(
        self,
        sid: str,
        *,
        user: str = ROSALIE,
        tenant: str = "saint-elan",
        roles: str = "member",
        life: float = 60,
        issued: float | None = None,
        assertion: str = "aaa.bbb.ccc",
    ) -> str:
        issued = time.time() if issued is None else issued
        self.granted[sid] = f"{int(issued + life)}|{int(issued * 1000)}|{tenant}|{user}|{roles}|{assertion}"
        return sid

    def known(self, asked: Mapping[str, str]) -> Any:
        value = self.granted.get(asked["x-edge-sid"])
        return web.Response(status=200, headers={"X-Decision": value}) if value else web.Response(status=401)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/healthz":
            return web.Response(text="ok")
        asked = {key.lower(): value for key, value in request.headers.items()} | {"method": request.method, "path": request.path}
        self.asked.append(asked)
        answer = self.say(asked)
        while not self.hold.is_set():
            await asyncio.sleep(0.01)
        return answer


class Echo:
    """A stand-in server that tells what it saw, echoes WebSockets, and can be told to answer otherwise."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[dict[str, Any]] = []
        self.extra: list[tuple[str, str]] = []
        self.stream = threading.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("upgrade", "").lower() == "websocket":
            return await self._echo(request)
        size = 0
        async for chunk in request.content.iter_chunked(1 << 18):
            size += len(chunk)
        headers: dict[str, Any] = {}
        for key, value in request.headers.items():
            headers.setdefault(key.lower(), value) if key.lower() not in headers else headers.update({f"{key.lower()}+": value})
        seen = {"server": self.name, "method": request.method, "path": request.raw_path, "size": size, **headers}
        self.seen.append(seen)
        if request.path in ENDLESS:
            while request.path == "/late" and not self.stream.is_set():
                await asyncio.sleep(0.01)
            return await self._endless(request, ENDLESS[request.path])
        return web.json_response(seen, headers=self.extra)

    async def _echo(self, request: web.Request) -> web.WebSocketResponse:
        socket_ = web.WebSocketResponse()
        await socket_.prepare(request)
        self.seen.append({key.lower(): value for key, value in request.headers.items()})
        async for message in socket_:
            if message.type == WSMsgType.TEXT:
                await socket_.send_str(message.data)
        return socket_

    async def _endless(self, request: web.Request, kind: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": kind})
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(b"data: tick\n\n")
                await asyncio.sleep(0.02)
        return response


class Loop:
    """One thread with an event loop: the stand-ins live there, and each can be ended and started again."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.runners: dict[str, web.AppRunner] = {}

    def do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    async def _serve(self, name: str, handler: Any, place: Path | int) -> None:
        application = web.Application(client_max_size=MAXIMUM)
        application.router.add_route("*", "/{tail:.*}", handler)
        runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        if isinstance(place, int):
            await web.TCPSite(runner, "127.0.0.1", place).start()
        else:
            place.unlink(missing_ok=True)
            await web.UnixSite(runner, str(place)).start()
            place.chmod(0o666)
        self.runners[name] = runner

    def serve(self, name: str, handler: Any, place: Path | int) -> None:
        self.do(self._serve(name, handler, place))

    def end(self, name: str) -> None:
        self.do(self.runners.pop(name).cleanup())

    def stop(self) -> None:
        for name in list(self.runners):
            self.end(name)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()


@dataclass
class Rig:
    """The running edge. `plan` and `lists` are what it was started with."""

    directory: Path
    plan: Plan
    lists: Lists
    loop: Loop
    decide: Decide
    application: Echo
    web: Echo
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    connections: list[Any] = field(default_factory=list)

    @property
    def places(self) -> Places:
        return Places(self.directory / "run")

    @property
    def runtime(self) -> Runtime:
        return Runtime(self.places.runtime)

    @property
    def master(self) -> Master:
        return Master(self.places.master)

    def write(self, **changes: Any) -> None:
        self.plan = replace(self.plan, **changes)
        write_files(self.places, self.plan, self.lists, authority=self.directory / "tls", certificate=None, now=datetime.now(UTC))

    def start(self) -> None:
        self.places.runtime.unlink(missing_ok=True)
        command = ["haproxy", "-W", "-S", f"{self.places.master},mode,600", "-f", str(self.places.configuration)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        until(self.answers, what=f"HAProxy ({self.log})")

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return "Pid" in self.runtime.info()
        except Exception:  # noqa: BLE001 - not there yet
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
            self.process = None

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.directory / "tls" / "ca.pem"))

    def connect(self, host: str = HOST, *, source: str = "", alpn: str = "") -> ssl.SSLSocket:
        raw = socket.create_connection(("127.0.0.1", self.plan.https), 10, (source, 0) if source else None)
        context = self.context()
        if alpn:
            context.set_alpn_protocols([alpn])
        return context.wrap_socket(raw, server_hostname=host)

    def raw(self, data: bytes, *, host: str = HOST) -> bytes:
        """Bytes in, bytes out until the edge closes or is silent for 2 s."""
        parts = []
        with self.connect(host) as link:
            link.settimeout(2)
            link.sendall(data)
            with suppress(TimeoutError, ssl.SSLError, ConnectionError):
                while part := link.recv(65536):
                    parts.append(part)
        return b"".join(parts)

    def ask(
        self,
        path: str = "/",
        *,
        host: str = HOST,
        sid: str = "",
        method: str = "GET",
        headers: Mapping[str, str] | list[tuple[str, str]] = (),  # type: ignore[assignment]
        body: Any = None,
        source: str = "",
        limit: float = 30,
    ) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPSConnection(host, self.plan.https, timeout=limit)
        connection.sock = self.connect(host, source=source)
        connection.sock.settimeout(limit)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", f"{host}:{self.plan.https}")
            if sid:
                connection.putheader("Cookie", f"__Host-sid={sid}")
            for key, value in headers.items() if isinstance(headers, Mapping) else headers:
                connection.putheader(key, value)
            if isinstance(body, bytes):
                connection.putheader("Content-Length", str(len(body)))
                connection.endheaders(body)
            elif body is not None:
                size, chunks = body
                connection.putheader("Content-Length", str(size))
                connection.endheaders()
                for chunk in chunks:
                    connection.send(chunk)
            else:
                connection.endheaders()
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def websocket(self, *, sid: str, path: str = "/ws") -> "WebSocket":
        return WebSocket(self.connect(), sid, path)

    def set_lists(self, **changes: Any) -> None:
        self.lists = replace(self.lists, **changes)


class WebSocket:
    """The smallest client: a handshake and short text frames."""

    def __init__(self, link: ssl.SSLSocket, sid: str, path: str) -> None:
        self.link = link
        link.settimeout(5)
        link.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: __Host-sid={sid}\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            part = link.recv(4096)
            if not part:
                break
            head += part
        self.status = int(head.split(b" ")[1])

    def say(self, text: str) -> str:
        data, mask = text.encode(), b"\1\2\3\4"
        self.link.sendall(bytes([0x81, 0x80 | len(data)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))
        head = self.link.recv(2)
        assert len(head) == 2, "the connection was closed"
        return self.link.recv(head[1]).decode()

    def closed_within(self, limit: float) -> bool:
        self.link.settimeout(limit)
        try:
            return self.link.recv(1) == b""
        except TimeoutError:
            return False
        except (ConnectionError, ssl.SSLError):
            return True


def rules(**tenants: list[tuple[str, str, str]]) -> Any:
    """Compiled addresses: `saint_elan=[("allow", "192.0.2.0/24", "member login")]`."""
    return compile_addresses(
        {
            slug.replace("_", "-"): [AddressRule(kind, network, tuple(classes.split())) for kind, network, classes in made]  # type: ignore[arg-type]
            for slug, made in tenants.items()
        }
    )


@contextmanager
def edge_rig(*, collector: int = 0, **changes: Any) -> Iterator[Rig]:
    """A whole edge, ended with everything it started."""
    directory = Path(tempfile.mkdtemp(prefix="garant-edge-"))
    directory.chmod(0o755)
    run = directory / "run"
    run.mkdir()
    user, group = service_names()
    ports = [free_port() for _ in range(4)]
    plan = Plan(
        **{  # type: ignore[arg-type]
            "run": str(run),
            "base": BASE,
            "https": ports[0],
            "http": ports[1],
            "application": f"127.0.0.1:{ports[2]}",
            "decide": f"unix@{run}/decide.sock",
            "web": f"unix@{run}/web.sock",
            "collector": collector or ports[3],
            "routes": ROUTES,
            "user": user,
            "group": group,
            "connect6": "",
            "login_rate": 100000,
            "address_rate": 100000,
            **changes,
        }
    )
    loop, decide, application, page = Loop(), Decide(), Echo("application"), Echo("web")
    rig = Rig(directory, plan, Lists(HOSTS), loop, decide, application, page, directory / "haproxy.log")
    try:
        loop.serve("decide", decide.answer, run / "decide.sock")
        loop.serve("web", page.answer, run / "web.sock")
        loop.serve("application", application.answer, ports[2])
        rig.write()
        rig.start()
        yield rig
    finally:
        rig.stop()
        loop.stop()
        shutil.rmtree(directory, ignore_errors=True)
