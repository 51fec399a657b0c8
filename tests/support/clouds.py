"""Stand-ins for key services of clouds, which cannot be reached from here.

- AWS KMS: the server of moto, over HTTP, with two things as the API reference has them: a key that is disabled or about to be deleted is
  refused, and what another key encrypted is `IncorrectKeyException`.
- Azure Key Vault: a transport under Microsoft's own client, which answers as the REST reference says: challenge, RSA keys made for real,
  disabling, soft deletion, purge protection.

Neither is the service: what they cannot show is how the service keeps its keys.
"""

import base64
import io
import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import requests
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import RequestsTransport
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from moto.core.exceptions import JsonRESTError
from moto.kms.exceptions import AccessDeniedException
from moto.kms.models import KmsBackend
from moto.server import ThreadedMotoServer
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse


@contextmanager
def kms() -> Iterator[str]:
    """The address of moto's KMS."""

    def refusing(original: Any) -> Any:
        def act(self: KmsBackend, *words: Any, **given: Any) -> Any:
            key_id = given.get("key_id") or (words[0] if words and isinstance(words[0], str) else None)
            state = self.keys[self.any_id_to_key_id(key_id)].key_state if key_id else "Enabled"
            if state == "Disabled":
                raise JsonRESTError("DisabledException", f"{key_id} is disabled.")
            if state != "Enabled":
                raise JsonRESTError("KMSInvalidStateException", f"{key_id} is pending deletion.")
            try:
                return original(self, *words, **given)
            except AccessDeniedException as error:
                raise JsonRESTError("IncorrectKeyException", "The ciphertext was not made by this key.") from error

        return act

    with (
        patch.object(KmsBackend, "encrypt", refusing(KmsBackend.encrypt)),
        patch.object(KmsBackend, "decrypt", refusing(KmsBackend.decrypt)),
    ):
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        try:
            requests.post(f"http://{host}:{port}/moto-api/reset", timeout=10).raise_for_status()
            yield f"http://{host}:{port}"
        finally:
            server.stop()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class KeyVault(BaseAdapter):
    """One key vault. `retention`: in which a deleted key can be recovered; `protected`: against purging before its end."""

    address = "https://garant-test.vault.azure.net"

    def __init__(self, *, retention: timedelta = timedelta(days=90), protected: bool = True) -> None:
        super().__init__()
        self.retention, self.protected = retention, protected
        self.keys: dict[str, dict[str, Any]] = {}
        self.deleted: dict[str, dict[str, Any]] = {}
        self.down = self.closed = False

    def transport(self) -> RequestsTransport:
        session = requests.Session()
        session.mount("https://", self)
        return RequestsTransport(session=session, session_owner=False)

    def send(self, request: Any, **given: Any) -> Any:  # type: ignore[override]
        if self.down:
            raise requests.ConnectionError("refused")
        headers = {"Content-Type": "application/json"}
        if not request.headers.get("Authorization"):
            headers["WWW-Authenticate"] = 'Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net"'
            return self._answer(request, 401, {}, headers)
        if self.closed:
            return self._answer(request, 403, _error("Forbidden", "Caller is not authorized to perform action on resource."), headers)
        body = json.loads(request.body or b"{}")
        path = re.sub(r"^https://[^/]+|\?.*$", "", request.url).strip("/").split("/")
        status, content = self._act(request.method, path, body)
        return self._answer(request, status, content, headers)

    def close(self) -> None: ...

    def _answer(self, request: Any, status: int, content: dict[str, Any], headers: dict[str, str]) -> Any:
        raw = b"" if status == 204 else json.dumps(content).encode()
        return HTTPAdapter().build_response(request, HTTPResponse(io.BytesIO(raw), headers, status, preload_content=False))

    def _act(self, method: str, path: list[str], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        kind, name, rest = path[0], path[1], path[2:]
        if kind == "deletedkeys":
            return self._deleted(method, name)
        if rest and rest[-1] == "create":
            return self._create(name, body)
        key = self.keys.get(name)
        if key is None:
            return 404, _error("KeyNotFound", f"A key with (name/id) {name} was not found in this key vault.")
        if rest and rest[-1] in ("wrapkey", "unwrapkey"):
            return self._crypt(key, rest[-1], body)
        if method == "PATCH":
            key["attributes"].update(body.get("attributes", {}))
        if method == "DELETE":
            day = datetime.now(UTC) + self.retention
            self.deleted[name] = {**self.keys.pop(name), "scheduledPurgeDate": int(day.timestamp())}
            self.deleted[name]["recoveryId"] = f"{self.address}/deletedkeys/{name}"
            return self._deleted("GET", name)
        return 200, _shown(key)

    def _deleted(self, method: str, name: str) -> tuple[int, dict[str, Any]]:
        if name not in self.deleted:
            return 404, _error("KeyNotFound", f"Deleted Key not found: {name}")
        if method == "DELETE":
            if self.protected:
                return 403, _error("Forbidden", "Operation purge is not allowed on this vault: purge protection is enabled.")
            del self.deleted[name]
            return 204, {}
        return 200, _shown(self.deleted[name])

    def _create(self, name: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if name in self.deleted:
            return 409, _error("Conflict", f"Key {name} is currently in a deleted but recoverable state.")
        private = rsa.generate_private_key(65537, body["key_size"])
        public = private.public_key().public_numbers()
        kid = f"{self.address}/keys/{name}/{uuid.uuid4().hex}"
        self.keys[name] = {
            "private": private,
            "key": {"kid": kid, "kty": body["kty"], "key_ops": body["key_ops"], "n": _number(public.n), "e": _number(public.e)},
            "attributes": {"enabled": True, "created": 1, "updated": 1, "recoveryLevel": "Recoverable"},
        }
        return 200, _shown(self.keys[name])

    def _crypt(self, key: dict[str, Any], verb: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if not key["attributes"]["enabled"]:
            return 403, _error("Forbidden", f"Operation {verb} is not allowed on a disabled key.")
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        try:
            act = key["private"].decrypt if verb == "unwrapkey" else key["private"].public_key().encrypt
            return 200, {"kid": key["key"]["kid"], "value": _text(act(_bytes(body["value"]), oaep))}
        except ValueError:
            return 400, _error("BadParameter", "The parameter is incorrect.")


def _shown(key: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name != "private"}


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


class Credential:
    """A token that the stand-in takes."""

    def get_token(self, *scopes: str, **given: Any) -> AccessToken:
        return AccessToken("token", int(datetime.now(UTC).timestamp()) + 3600)
