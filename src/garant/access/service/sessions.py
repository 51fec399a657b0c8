"""Ending sessions: the row goes, the edge forgets, in one transaction; the next request is refused (DESIGN, times to refusal)."""

import uuid
from datetime import datetime

from django.db.models import Q

from garant.access import fence
from garant.access.models import Session
from garant.access.queries.settings import settings
from garant.access.sessions import BEFORE_LOGIN, forget
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.edge import service as edge
from garant.identity.service import current_tenant
from garant.kernel.errors import InputError


def end_session(*, session: uuid.UUID, actor: str, at: datetime, user: uuid.UUID | None = None) -> None:
    """End one session by its handle; with `user`, only if it is this person's. Raises InputError when it is not there any more."""
    rows = Session.objects.filter(handle=session, tenant_id=current_tenant(), user__isnull=False)
    if user is not None:
        rows = rows.filter(user_id=user)
    found = rows.values_list("key", "user_id").first()
    if found is None or not forget([found[0]], at=at, actor=actor):
        raise InputError("this session has ended already")
    audit.append(Kind.SESSION_ENDED, at=at, actor=actor, tenant=current_tenant(), payload={"user": str(found[1]), "by": "hand"})


def end_sessions_of(*, user: uuid.UUID, actor: str, at: datetime, but: str = "", why: str = "hand") -> int:
    """End every session of a person, but the one with the digest `but`; also what the edge remembers of them. How many ended.

    The person's live decisions all end, that of `but` included: it is asked afresh.
    """
    tenant = current_tenant()
    fence.hold(tenant)
    gone, _ = Session.objects.filter(tenant_id=tenant, user_id=user).exclude(key=but).delete()
    edge.revoke(kind="u", key=str(user), tenant=tenant, at=at, actor=actor)
    audit.append(Kind.SESSION_ENDED, at=at, actor=actor, tenant=tenant, payload={"user": str(user), "by": why, "ended": gone})
    return gone


def purge(*, at: datetime, actor: str = "system:worker") -> int:
    """End the sessions whose time has come, by the choices of now, and delete half-finished ones; how many rows went. Run every minute.

    A person's session that ends by time is revoked like any other: what the edge keeps open for it (a WebSocket, a stream) is cut.
    """
    tenant, chosen = current_tenant(), settings()
    rows = Session.objects.filter(tenant_id=tenant)
    nobody, _ = rows.filter(user=None).filter(Q(expires_at__lte=at) | Q(created_at__lte=at - BEFORE_LOGIN)).delete()
    limit = Q(absolute_expires_at__lte=at) | Q(created_at__lte=at - chosen.absolute)
    over = rows.exclude(user=None).filter(limit | Q(expires_at__lte=at) | Q(last_seen_at__lte=at - chosen.idle))
    if not over.exists():
        return nobody
    fence.hold(tenant)
    # A row that a request holds is left for the next minute: its use may have just been written.
    ended = list(over.select_for_update(skip_locked=True).values_list("key", "user_id", "absolute_expires_at", "created_at"))
    gone = forget([found[0] for found in ended], at=at, actor=actor)
    for _, user, absolute, opened in ended:
        why = "limit" if absolute <= at or opened <= at - chosen.absolute else "idle"
        audit.append(Kind.SESSION_ENDED, at=at, actor=actor, tenant=tenant, payload={"user": str(user), "by": why})
    return nobody + gone
