"""Ending sessions: the row goes, the edge forgets, in one transaction; the next request is refused (DESIGN, times to refusal)."""

import uuid
from datetime import datetime

from garant.access import fence
from garant.access.models import Session
from garant.access.sessions import forget
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


def purge(*, at: datetime) -> int:
    """Delete rows of sessions that are over; they stood for nothing already. How many went."""
    gone, _ = Session.objects.filter(tenant_id=current_tenant(), expires_at__lte=at).delete()
    return gone
