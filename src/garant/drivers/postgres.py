"""How to speak to PostgreSQL: the context of a transaction in one round trip. The launcher is in `pglaunch.py`."""

import uuid

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus

from garant.kernel.errors import EngineError


def begin_as(connection: "psycopg.Connection[object]", tenant: uuid.UUID | None, scope: str = "") -> bool:
    """Open a transaction on `connection` with its tenant and scope, in one message to the server.

    Returns False when a transaction was open already (a test's): then only the context was set. psycopg sends its own BEGIN only
    on an idle connection, so the queries that follow run inside this one. Raises EngineError when the server refuses.
    """
    if scope not in ("", "operator"):
        raise ValueError(f"unknown scope {scope!r}")
    pg = connection.pgconn
    idle = pg.transaction_status == TransactionStatus.IDLE
    value = str(uuid.UUID(str(tenant))) if tenant is not None else ""
    command = f"select set_config('garant.tenant', '{value}', true), set_config('garant.scope', '{scope}', true)"
    result = pg.exec_((b"begin; " if idle else b"") + command.encode())
    if result.status != ExecStatus.TUPLES_OK:
        raise EngineError(f"PostgreSQL refused the transaction's context: {result.error_message.decode(errors='replace').strip()}")
    return idle


def clear_context(connection: "psycopg.Connection[object]") -> None:
    """Take the context away inside a transaction that goes on."""
    if connection.pgconn.transaction_status == TransactionStatus.INTRANS:
        connection.pgconn.exec_(b"select set_config('garant.tenant', '', true), set_config('garant.scope', '', true)")


def set_scope(connection: "psycopg.Connection[object]", scope: str) -> None:
    """Change the scope inside an open transaction, until its end. A transaction that has failed keeps the scope it had: it ends anyway.

    Raises EngineError outside a transaction: the setting would not hold.
    """
    if scope not in ("", "operator"):
        raise ValueError(f"unknown scope {scope!r}")
    status = connection.pgconn.transaction_status
    if status == TransactionStatus.INERROR:
        return
    if status != TransactionStatus.INTRANS:
        raise EngineError("a scope needs an open transaction")
    connection.pgconn.exec_(f"select set_config('garant.scope', '{scope}', true)".encode())
