"""The fence between a decision and a revocation that commits while it is taken.

A revocation writes its moment before it commits. A decision taken in between would read the old rows and yet be younger than that
moment, and the edge would believe it for a minute. So a revocation holds the tenant's fence until it commits, and a decision passes
the fence, shared, before it reads the clock: it then sees either the time before the revocation, or its result.

`revoke` takes it by itself, before it reads the clock: no caller can forget it. A verb that changes rows which a decision reads, and
revokes afterwards, takes it before it touches them: of two verbs the second waits at the fence, and not at the other's rows.
"""

import uuid

from django.db import connection

NAME = "select pg_advisory_xact_lock{shared}(hashtextextended('garant revocation ' || %s, 0))"


def hold(tenant: uuid.UUID) -> None:
    """Before rows of the revocation are touched; let go by the end of the transaction. Held twice is held once."""
    _lock(tenant, "")


def pass_shared(tenant: uuid.UUID) -> None:
    """Before a decision reads the clock. Waits for revocations under way, at most the statement's time limit."""
    _lock(tenant, "_shared")


def _lock(tenant: uuid.UUID, shared: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(NAME.format(shared=shared), [str(tenant)])
