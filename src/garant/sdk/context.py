"""In whose name a transaction of the application speaks to its database: signed, so that the application's own SQL cannot forge it.

    v1|<tenant>|<actor>|<purpose>|<expiry, unix seconds>|<hexadecimal HMAC-SHA256 of all that stands before the last bar>

1. It is the setting `garant.ctx`, for one transaction, set in the round trip of its BEGIN. Row policies ask `garant.ctx_tenant()`, which
   checks the signature in the database: none gives no rows, a forged or expired one is an error (42501).
2. The key is the content of the file `context-<application>` without white space around it, as ASCII. Whoever can only make the
   application say some SQL (an injection) does not have it.
3. The parts are letters, digits and `._:@-`: nothing in them can end a part.
4. It travels as a parameter, never in the text of a statement, which every session of the same role sees in pg_stat_activity.
5. It expires by the clock, so that one that was seen cannot be used for long: give a transaction as long as it may last.

    text = sign(key, tenant="saint-elan", actor=str(user), purpose="service", expires=now + timedelta(minutes=15))
    begin(psycopg_connection, settings(text))
"""

import hashlib
import hmac
import re
import select
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from garant.kernel.errors import ConfigurationError, EngineError, InputError

VERSION = "v1"
SETTING = "garant.ctx"
PART = re.compile(r"[A-Za-z0-9._:@-]{1,100}", re.ASCII)
BLOCK_BYTES = 64
"""Of SHA-256, as HMAC uses it."""
IDLE, COMMAND, TUPLES, SYNC = 0, 1, 2, 10
"""Numbers of libpq: no transaction is open; a statement was done; it returned rows; a pipeline ended."""


@dataclass(frozen=True)
class Context:
    """What a context says. `actor` and `purpose` may be empty."""

    tenant: str
    actor: str
    purpose: str
    expires: datetime


def read_key(path: Path) -> bytes:
    """The signing key in a file. Raises ConfigurationError."""
    try:
        key = path.read_text(encoding="ascii").strip().encode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: the key that signs contexts cannot be read: {error}") from error
    if len(key) < 32:
        raise ConfigurationError(f"{path}: a key that signs contexts has 32 characters at least")
    return key


def sign(key: bytes, *, tenant: str, actor: str = "", purpose: str = "", expires: datetime) -> str:
    """The context as text. Raises InputError for a part that could not travel."""
    for name, value in (("tenant", tenant), ("actor", actor), ("purpose", purpose)):
        if not PART.fullmatch(value) and (value or name == "tenant"):
            raise InputError(f"the {name} of a context is made of letters, digits and ._:@- (100 at most), not {value!r}")
    said = f"{VERSION}|{tenant}|{actor}|{purpose}|{int(expires.timestamp())}"
    return f"{said}|{hmac.digest(key, said.encode(), 'sha256').hex()}"


def read(key: bytes, text: str, *, now: datetime) -> Context:
    """What a signed context says, as the database reads it. Raises InputError when it is forged or expired."""
    said, bar, mac = text.rpartition("|")
    parts = said.split("|")
    if not bar or len(parts) != 5 or not hmac.compare_digest(mac.encode(), hmac.digest(key, said.encode(), "sha256").hex().encode()):
        raise InputError("this context was not signed here")
    expires = datetime.fromtimestamp(int(parts[4]), UTC)
    if expires < now:
        raise InputError("this context has expired")
    return Context(parts[1], parts[2], parts[3], expires)


def pads(key: bytes) -> tuple[bytes, bytes]:
    """The two blocks by which SQL that has sha256 and no HMAC verifies: key xor ipad, key xor opad (RFC 2104), 64 bytes each.

    `sha256(outer || sha256(inner || text))` is then the HMAC.
    """
    block = (hashlib.sha256(key).digest() if len(key) > BLOCK_BYTES else key).ljust(BLOCK_BYTES, b"\0")
    return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)


def signed_settings(text: str) -> dict[str, str]:
    """The setting of a signed context; an empty text takes it away."""
    return {SETTING: text}


def plain_settings(*, tenant: str = "", actor: str = "", purpose: str = "") -> dict[str, str]:
    """The settings of the unsigned variant (`garant.context: plain` in the map), for applications whose SQL cannot be injected."""
    return {"app.tenant": tenant, "app.actor": actor, "app.purpose": purpose}


def begin(connection: Any, settings: Mapping[str, str]) -> bool:
    """Open a transaction on a psycopg 3 connection with these settings, for its length, in one round trip.

    False when a transaction was open already: then they are set in it. psycopg sends its own BEGIN on an idle connection only, so what
    follows runs inside this one. The values are bound, whatever the connection's cursors do: the text of a statement is shown to every
    session of the same role (pg_stat_activity). Raises EngineError when the server refuses; a connection lost in between is closed.
    """
    pg = connection.pgconn
    idle = int(pg.transaction_status) == IDLE
    if int(pg.pipeline_status):
        raise EngineError("a context begins a transaction outside of a pipeline; begin it before `connection.pipeline()`")
    bound = [_bound(value) for value in settings.values()]
    try:
        pg.enter_pipeline_mode()
        if idle:
            pg.send_query_params(b"begin", None)
        pg.send_query_params(statement(settings), bound)
        pg.pipeline_sync()
        refused = _refusals(pg)
        pg.exit_pipeline_mode()
    except connection.Error as error:
        connection.close()
        raise EngineError(f"PostgreSQL refused the context of a transaction: {error}") from error
    except BaseException:
        connection.close()
        raise
    if refused:
        raise EngineError(f"PostgreSQL refused the context of a transaction: {refused[0]}")
    return idle


def statement(settings: Mapping[str, str]) -> bytes:
    """One SELECT that sets them for the transaction: its values are parameters, in their order."""
    return ("select " + ", ".join(f"set_config('{name}', ${at}, true)" for at, name in enumerate(settings, 1))).encode()


def _bound(value: str) -> bytes:
    """Raises InputError for what no context holds."""
    if value and not all(PART.fullmatch(part) for part in value.split("|") if part):
        raise InputError("a context holds letters, digits, ._:@- and bars only")
    return value.encode()


def _refusals(pg: Any) -> list[str]:
    """What the server answered up to the end of the pipeline, where it was a no. Other threads run while this one waits."""
    refused: list[str] = []
    socket = select.poll()
    while True:
        unsent = pg.flush()
        if unsent or pg.is_busy():
            socket.register(pg.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
            socket.poll()
            pg.consume_input()
            continue
        result = pg.get_result()
        status = COMMAND if result is None else int(result.status)
        if status == SYNC:
            return refused
        if status not in (COMMAND, TUPLES):
            refused.append(bytes(result.error_message).decode(errors="replace").strip())
