"""The one verb of the area: append. It writes in the transaction that it is called in, so that act and entry live or die together.

The outbox is the seam to the ledger: a sequencer will read it in commit order and make each row a leaf.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import connection

from garant.audit.models import OutboxEntry
from garant.audit.vocabulary import Kind
from garant.kernel.canonical import Json, canonical

__all__ = ["Kind", "append"]


def append(kind: Kind, *, at: datetime, actor: str, tenant: uuid.UUID | None = None, payload: Mapping[str, Json] | None = None) -> int:
    """Append one entry and return its sequence number. Raises RuntimeError outside a transaction: an entry must not stand alone.

    `actor`: an opaque user id, or `system:<process>`. `payload`: canonical JSON (no float), no secret.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{kind} would be appended outside the transaction of its act")
    content = dict(payload or {})
    canonical(content)
    return OutboxEntry.objects.create(at=at, kind=kind.value, tenant_id=tenant, actor=actor, payload=content).seq
