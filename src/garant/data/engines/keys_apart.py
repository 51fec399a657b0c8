"""One organisation's keys do not open what another sealed: asked of the vault itself, and of the keyring's door without its token."""

import http.client
import socket
import uuid
from collections.abc import Sequence
from pathlib import Path

from garant.data.engines.trespass import Tried
from garant.identity.service import tenant_transaction
from garant.kernel.errors import EngineError, GarantError
from garant.vault import service as vault

TABLE, COLUMN, ROW = "garant_probe", "word", "1"
PATIENCE = 5.0
REFUSALS = (401, 403)
"""Seconds for the keyring's door to answer."""


def as_the_vault(pair: Sequence[uuid.UUID], word: str) -> Tried:
    """Each seals the word; the other tries to open it, under its own name and under the first's."""
    seen, held = Tried(), {}
    for each in pair:
        with tenant_transaction(each):
            held[each] = vault.seal(tenant=each, table=TABLE, column=COLUMN, row=ROW, plaintext=word.encode())
            seen.witness += _opens(each, held[each], word)
    for me, other in ((pair[0], pair[1]), (pair[1], pair[0])):
        with tenant_transaction(me):
            for name, tenant in (("own key", me), ("other’s key", other)):
                seen.tries += 1
                if _opens(tenant, held[other], word):
                    seen.through.append(name)
    return seen


def _opens(tenant: uuid.UUID, envelope: bytes, word: str) -> bool:
    try:
        return vault.unseal(tenant=tenant, table=TABLE, column=COLUMN, row=ROW, envelope=envelope) == word.encode()
    except GarantError:
        return False


def at_the_door(path: Path, slugs: Sequence[str], seen: Tried) -> None:
    """The keyring's socket answers nobody without its token, and nobody with another. Raises EngineError when it does not answer."""
    for slug in slugs:
        for headers in ({}, {"authorization": "Bearer forged"}):
            seen.tries += 1
            status = _status(path, f"/v1/epoch/{slug}", headers)
            if status < 400:
                seen.through.append("keyring without its token")
            elif status not in REFUSALS:
                raise EngineError(f"the keyring answered {status} to a question without its token: neither answered nor refused")


class _Door(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("keyring", timeout=PATIENCE)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self.path))


def _status(path: Path, target: str, headers: dict[str, str]) -> int:
    door = _Door(path)
    try:
        door.request("GET", target, headers=headers)
        return door.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise EngineError(f"the keyring does not answer: {error}") from error
    finally:
        door.close()
