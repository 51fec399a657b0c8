"""Is an object store closed to strangers? Asked without any signature, as anybody on the Internet would, for each bucket of the map.

1. The listing of the bucket is asked for.
2. With credentials (of whoever runs the measure), the access list of the bucket is read, and one object that is there is asked for without.

Each run asks a listener of its own that gives everything away, and must call it open.
"""

import contextlib
import http.client
import http.server
import ssl
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from garant.data.engines.mapped import map_of
from garant.data.policy.map import Store
from garant.drivers import s3
from garant.kernel.canonical import Json
from garant.kernel.clock import Clock
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise

OPEN = range(200, 400)
PATIENCE = 10.0


class Buckets:
    """Engine of `data.objects_closed`. `credentials`: whom the store lets read its access list; None: only strangers' questions."""

    def __init__(self, path: Path | None, credentials: s3.Credentials | None, clock: Clock) -> None:
        self._path, self._credentials, self._clock = path, credentials, clock

    def apply(self, promise: Promise) -> tuple[str, ...]:  # noqa: ARG002 - the engine's shape
        """Nothing: who may read is the store's setting."""
        return ()

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002 - the engine's shape
        """Every store of kind `objects`; `where` is the bucket's address, `https://host/bucket`."""
        stores = [each for each in map_of(self._path).stores if each.kind == "objects"]
        seen: dict[str, Json] = {each.name: self._ask(each) for each in stores}
        reached = sum(1 for each in seen.values() if isinstance(each, Mapping) and each["listing"] is not None)
        return Observation(checked=reached, in_scope=len(stores), facts={"buckets": seen}, canary=_canary())

    def _ask(self, store: Store) -> Mapping[str, Json]:
        found: dict[str, Json] = {"listing": None, "object": None, "granted": None, "server": ""}
        try:
            status, server = anonymous(store.where, "", query="list-type=2&max-keys=1")
            found |= {"listing": status, "server": server}
            if self._credentials is not None:
                held = s3.look_inside(store.where, self._credentials, now=self._clock.now())
                found["granted"] = list(held.granted)
                found["object"] = anonymous(store.where, held.key)[0] if held.key else 404
        except EngineError as error:
            found["error"] = str(error)
        return found


def anonymous(where: str, key: str, *, query: str = "") -> tuple[int, str]:
    """Status and server's name for a GET without a signature. Raises EngineError."""
    parts = urlsplit(where)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    path = f"{parts.path.rstrip('/')}/{quote(key)}" if key else parts.path or "/"
    try:
        connection = kind(parts.netloc.rpartition("@")[2], timeout=PATIENCE)
        connection.request("GET", f"{path}?{query}" if query else path)
        answer = connection.getresponse()
        answer.read(65_536)
        connection.close()
    except (OSError, ssl.SSLError, http.client.HTTPException) as error:
        raise EngineError(f"{parts.netloc} does not answer: {error}") from error
    return answer.status, answer.getheader("server", "")


def _canary() -> Canary:
    with _giving_away() as address:
        return Canary.HELD if anonymous(address, "objet")[0] in OPEN else Canary.MISSED


class _Giver(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@contextlib.contextmanager
def _giving_away() -> Iterator[str]:
    server = http.server.HTTPServer(("127.0.0.1", 0), _Giver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/temoin"
    finally:
        server.shutdown()
        server.server_close()
