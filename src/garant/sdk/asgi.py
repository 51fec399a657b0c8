"""An ASGI middleware (ASGI 3): `application = GarantGate(application, gate=Gate(...))`, for HTTP and WebSocket.

It sets `scope["garant"]` (a `Passage`) and rewrites the plain identity headers from the assertion. A request without a valid
assertion outside the public paths is answered 401; such a WebSocket is closed before it is accepted.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from garant.sdk.errors import AssertionRefused
from garant.sdk.gate import REFUSAL, Gate, is_ours

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY_VIOLATION = 1008
"""RFC 6455, section 7.4.1."""


class GarantGate:
    """The door before an ASGI application."""

    def __init__(self, application: Application, *, gate: Gate) -> None:
        self.application = application
        self.gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.application(scope, receive, send)
            return
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        hosts = [value for name, value in headers if name.lower() == "host"]
        try:
            passage = self.gate.admit(host=hosts[0] if len(hosts) == 1 else "", path=scope["path"], headers=headers)
        except AssertionRefused:
            await _refuse(scope, send)
            return
        kept = [(name, value) for name, value in scope["headers"] if not is_ours(name.decode("latin-1"))]
        verified = [(name.encode("ascii"), value.encode("ascii")) for name, value in passage.headers()]
        await self.application({**scope, "headers": kept + verified, "garant": passage}, receive, send)


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return
    body = REFUSAL.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": body})
