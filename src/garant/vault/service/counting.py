"""Messages per key, counted cheaply: a process reserves a block in the database and counts it down in memory.

A block that a transaction reserved and then gave up by failing stays counted here and is lost there: the limit of rotation is half of
what a key bears, to leave room for that. Two transactions never wait for each other's count: a held one is paid later.
"""

import os
import threading
import uuid

from django.db import connection

from garant.sdk.envelope import SealError
from garant.vault.policy.counting import BLOCK, DEBT, SPENT

_left: dict[uuid.UUID, int] = {}
_owed: dict[uuid.UUID, int] = {}
_lock = threading.Lock()


def count(key_id: uuid.UUID, messages: int = 1) -> None:
    """So many messages are about to be sealed with this key, in the caller's transaction. Raises SealError when it is spent."""
    with _lock:
        left = _left.get(key_id, 0) - messages
        if left >= 0:
            _left[key_id] = left
            return
        owed = _owed.get(key_id, 0)
    wanted = max(messages, BLOCK)
    reserved = _reserve(key_id, wanted + owed)
    with _lock:
        if reserved is None:
            _owed[key_id] = owed + messages + DEBT
            _left[key_id] = DEBT
            return
        _owed[key_id] = 0
        if reserved < SPENT:  # a spent key gives no block: the next message asks again, and is refused again
            _left[key_id] = max(0, _left.get(key_id, 0)) + wanted - messages
    if reserved >= SPENT:
        raise SealError("this key has sealed as much as it safely can; run `garant key rotate`, and see why the worker does not rotate it")


def _reserve(key_id: uuid.UUID, messages: int) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "update vault_datakey set reserved = reserved + %s where id ="
            " (select id from vault_datakey where id = %s for update skip locked) returning reserved",
            [messages, key_id],
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _forget_in_child() -> None:
    """A forked child counts for itself: its parent's block is its parent's."""
    _left.clear()
    _owed.clear()


os.register_at_fork(after_in_child=_forget_in_child)
