"""A stand-in for a transit engine (OpenBao 2, HashiCorp Vault 1): the requests that our adapter makes, answered as those services document.

It is not the real server: it checks the token, holds real AES-GCM keys, refuses as the documentation says, and forgets all at its end.
`soft=False` plays Vault, which knows no soft deletion. Where `bao` or `vault` is on PATH, the same tests run against it too.
"""

import atexit
import base64
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "garant-stand-in"
PATH = re.compile(r"/v1/transit/(?P<what>keys|encrypt|decrypt)/(?P<name>[\w-]+)(?:/(?P<verb>[\w-]+))?$")


class Refusal(Exception):
    def __init__(self, status: int, *said: str) -> None:
        super().__init__(*said)
        self.status = status


class Engine:
    """Keys by name, each {"versions": [...], and the fields that the service shows}."""

    def __init__(self, *, soft: bool) -> None:
        self.soft = soft
        self.keys: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()

    def answer(self, method: str, what: str, name: str, verb: str | None, body: dict[str, Any]) -> dict[str, Any] | None:
        with self.lock:
            if what == "keys":
                return self._keys(method, name, verb, body)
            key = self.keys.get(name)
            if key is None:
                if what == "decrypt":
                    raise Refusal(400, "encryption key not found")
                key = self._make(name)  # an encryption with an unknown key makes it: `create` capability
            if key.get("soft_deleted"):
                raise Refusal(400, "unable to use key: key is soft-deleted; to use it, restore it first")
            data = base64.b64decode(body.get("associated_data", ""))
            return self._encrypt(key, body, data) if what == "encrypt" else self._decrypt(key, body, data)

    def _make(self, name: str) -> dict[str, Any]:
        return self.keys.setdefault(
            name,
            {
                "name": name,
                "versions": [os.urandom(32)],
                "deletion_allowed": False,
                "min_decryption_version": 1,
                "min_encryption_version": 0,
                **({"soft_deleted": False} if self.soft else {}),
            },
        )

    def _keys(self, method: str, name: str, verb: str | None, body: dict[str, Any]) -> dict[str, Any] | None:
        key = self.keys.get(name)
        if verb == "soft-delete" and not self.soft:
            raise Refusal(404)
        if verb is None and method == "POST":
            key = self._make(name)
        if key is None:
            raise Refusal(404) if method == "GET" else Refusal(400, f"no existing key named {name} could be found")
        if verb == "soft-delete":
            key["soft_deleted"] = True
        elif verb == "soft-delete-restore":
            key["soft_deleted"] = False
        elif verb == "rotate":
            key["versions"].append(os.urandom(32))
        elif verb == "config":
            key.update(body)
        elif verb is None and method == "DELETE":
            if not key["deletion_allowed"]:
                raise Refusal(400, f'error deleting policy {name}: "deletion is not allowed for this policy"')
            del self.keys[name]
        if verb is not None or method == "DELETE":
            return None
        return {field: value for field, value in key.items() if field != "versions"}

    def _encrypt(self, key: dict[str, Any], body: dict[str, Any], data: bytes) -> dict[str, Any]:
        nonce = os.urandom(12)
        sealed = nonce + AESGCM(key["versions"][-1]).encrypt(nonce, base64.b64decode(body["plaintext"]), data)
        return {"ciphertext": f"vault:v{len(key['versions'])}:{base64.b64encode(sealed).decode()}"}

    def _decrypt(self, key: dict[str, Any], body: dict[str, Any], data: bytes) -> dict[str, Any]:
        found = re.fullmatch(r"vault:v(\d+):([A-Za-z0-9+/=]+)", body["ciphertext"])
        if found is None:
            raise Refusal(400, "invalid ciphertext: no prefix")
        version = int(found[1])
        if not 1 <= version <= len(key["versions"]):
            raise Refusal(400, "invalid ciphertext: version is too new")
        if version < key["min_decryption_version"]:
            raise Refusal(400, "ciphertext or signature version is disallowed by policy (too old)")
        try:
            sealed = base64.b64decode(found[2], validate=True)
            return {"plaintext": base64.b64encode(AESGCM(key["versions"][version - 1]).decrypt(sealed[:12], sealed[12:], data)).decode()}
        except (InvalidTag, ValueError) as error:
            raise Refusal(400, "invalid ciphertext: unable to decrypt ciphertext") from error


@contextmanager
def stand_in(*, soft: bool = True) -> Iterator[str]:
    """The address of a stand-in."""
    engine = Engine(soft=soft)

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            asked = PATH.fullmatch(self.path)
            try:
                if self.headers.get("X-Vault-Token") != TOKEN:
                    raise Refusal(403, "permission denied")
                if asked is None:
                    raise Refusal(404)
                data = engine.answer(self.command, asked["what"], asked["name"], asked["verb"], body)
                self._send(204 if data is None else 200, {"data": data})
            except Refusal as refusal:
                self._send(refusal.status, {"errors": list(refusal.args)})

        def _send(self, status: int, content: dict[str, Any]) -> None:
            raw = b"" if status == 204 else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_DELETE = do_PUT = _do  # noqa: N815 - names of the library

        def log_message(self, *words: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def program() -> str | None:
    """A real server on this machine, if there is one: GARANT_TRANSIT_PROGRAM, or `bao` or `vault` on PATH."""
    return os.environ.get("GARANT_TRANSIT_PROGRAM") or shutil.which("bao") or shutil.which("vault")


@cache
def real() -> str:
    """The address of a real development server, which lives as long as the tests and forgets all at its end; its token is `TOKEN`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = Path(tempfile.mkdtemp())
    command = [str(program()), "server", "-dev", f"-dev-root-token-id={TOKEN}", f"-dev-listen-address=127.0.0.1:{port}"]
    with (home / "transit.log").open("wb") as log:
        server = subprocess.Popen(command, env={"PATH": os.environ["PATH"], "HOME": str(home)}, stdout=log, stderr=log)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    atexit.register(server.wait, 20)
    atexit.register(server.terminate)
    address = f"http://127.0.0.1:{port}"
    headers = {"X-Vault-Token": TOKEN}
    mount = urllib.request.Request(f"{address}/v1/sys/mounts/transit", data=b'{"type": "transit"}', headers=headers, method="POST")
    ask = urllib.request.Request(f"{address}/v1/transit/keys/none", headers=headers)
    for _ in range(300):
        assert server.poll() is None, (home / "transit.log").read_text()[-500:]
        try:
            urllib.request.urlopen(mount, timeout=20).close()
        except OSError:
            time.sleep(0.2)
        try:
            urllib.request.urlopen(ask, timeout=20).close()
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError) and error.code == 404 and b"handler" not in error.read():
                return address
    raise AssertionError("the transit server did not come up in a minute")
