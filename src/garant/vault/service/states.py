"""May the keys of an organisation be used, and how that changes."""

import uuid
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.kernel.errors import Refused
from garant.vault.models import Ring
from garant.vault.policy import KeyState, SealError


class KeySuspended(Refused):
    """The keys of this organisation are suspended: nothing that they sealed can be read."""


class UnknownKey(SealError):
    """This organisation has no such key."""


def epoch(*, tenant: uuid.UUID) -> tuple[int, str]:
    """The tenant's present epoch and the state of its keys as a whole. Raises UnknownKey when it has none here."""
    with connection.cursor() as cursor:
        cursor.execute("select epoch, state from vault_ring where tenant_id = %s", [tenant])
        row = cursor.fetchone()
    if row is None:
        raise UnknownKey(f"tenant {tenant} has no keys here; open its transaction, or call make_tenant_keys")
    return int(row[0]), str(row[1])


def require_ring(tenant: uuid.UUID) -> int:
    """The tenant's present epoch, asked of the database at each use: memory is never trusted alone. Raises KeySuspended."""
    present, state = epoch(tenant=tenant)
    if state != KeyState.ACTIVE:
        raise KeySuspended()
    return present


def suspend(*, tenant: uuid.UUID, at: datetime, actor: str, reason: str) -> bool:
    """Make everything that the tenant sealed unreadable, reversibly, in every process from the commit on. False if it was already."""
    return _turn(tenant, KeyState.ACTIVE, KeyState.SUSPENDED, Kind.KEY_SUSPENDED, at=at, actor=actor, reason=reason)


def resume(*, tenant: uuid.UUID, at: datetime, actor: str, reason: str) -> bool:
    """End a suspension. False when there was none."""
    return _turn(tenant, KeyState.SUSPENDED, KeyState.ACTIVE, Kind.KEY_RESUMED, at=at, actor=actor, reason=reason)


def _turn(tenant: uuid.UUID, before: KeyState, after: KeyState, kind: Kind, *, at: datetime, actor: str, reason: str) -> bool:
    with transaction.atomic():
        turned = Ring.objects.filter(tenant_id=tenant, state=before).update(state=after, epoch=F("epoch") + 1, changed_at=at)
        if turned:
            audit.append(kind, at=at, actor=actor, tenant=tenant, payload={"reason": reason})
    return bool(turned)
