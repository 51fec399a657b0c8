"""An object store for tests: a server of moto, which stands in for Amazon S3: it reads access lists, and believes any
signature. moto lists every bucket for anybody, so a door in front of it refuses an unsigned listing unless the access list allows it."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from garant.drivers.s3 import Credentials

BUCKET = "pieces-jointes"


@dataclass
class Held:
    """A bucket with one object, and who may read its access list."""

    port: int
    client: Any
    credentials: Credentials

    @property
    def where(self) -> str:
        return f"http://127.0.0.1:{self.port}/{BUCKET}"

    @contextlib.contextmanager
    def listed_for_everybody(self) -> Iterator[None]:
        self.client.put_bucket_acl(Bucket=BUCKET, ACL="public-read")
        yield
        self.client.put_bucket_acl(Bucket=BUCKET, ACL="private")

    @contextlib.contextmanager
    def object_for_everybody(self) -> Iterator[None]:
        self.client.put_object_acl(Bucket=BUCKET, Key="a.pdf", ACL="public-read")
        yield
        self.client.put_object_acl(Bucket=BUCKET, Key="a.pdf", ACL="private")


class _Door(BaseHTTPRequestHandler):
    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        stranger = "authorization" not in self.headers
        if stranger and self.path.split("?")[0].strip("/") == BUCKET and b"AllUsers" not in self._ask("GET", f"/{BUCKET}?acl", b"")[1]:
            status, said = 403, b"<Error><Code>AccessDenied</Code></Error>"
        else:
            status, said = self._ask(self.command, self.path, body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def _ask(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=10)  # type: ignore[attr-defined]
        line.request(
            method, path, body=body, headers={name: value for name, value in self.headers.items() if name.lower() != "content-length"}
        )
        answer = line.getresponse()
        return answer.status, answer.read()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on  # noqa: N815 - names that the library calls

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@contextlib.contextmanager
def store() -> Iterator[Held]:
    """A store with one closed bucket that holds one object."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, behind = server.get_host_and_port()
    door = ThreadingHTTPServer(("127.0.0.1", 0), _Door)
    door.behind = behind  # type: ignore[attr-defined]
    thread = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    port = door.server_port
    try:
        given = Credentials("mesure", "secret-of-a-stand-in")
        client = _client("s3", port, given.access, given.secret)
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key="a.pdf", Body=b"x")
        yield Held(port, client, given)
    finally:
        door.shutdown()
        door.server_close()
        server.stop()


def _client(service: str, port: int, access: str, secret: str) -> Any:
    return boto3.client(
        service, endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", aws_access_key_id=access, aws_secret_access_key=secret
    )
