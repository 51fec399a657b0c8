"""Reads on sessions: one by the digest of its identifier, and the live ones of a tenant.

The operator's scope may read every tenant's rows: hence each query names the tenant besides row security.
"""

import ipaddress
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import F

from garant.access.models import Session
from garant.access.policy.decide import Person
from garant.access.policy.standing import Address, LiveSession
from garant.access.queries.settings import settings
from garant.identity.service import current_tenant

SEEN = """
select s.tenant_id, s.user_id, s.created_at, s.last_seen_at, s.expires_at, s.absolute_expires_at, host(s.address), s.factor,
       u.tenant_id, u.is_active, u.name, u.language,
       array(select r.role from identity_roleassignment r where r.user_id = u.id and r.tenant_id = s.tenant_id order by r.role)
from access_session s left join identity_user u on u.id = s.user_id
where s.key = %s and s.tenant_id = %s
"""


@dataclass(frozen=True)
class Seen:
    """A session with its person as the database has them at this instant, read in one statement."""

    session: LiveSession
    person: Person | None
    name: str
    language: str


@dataclass(frozen=True)
class SessionFacts:
    """One live session as a page shows it. `id` names it in forms; it is not the identifier in the cookie."""

    id: uuid.UUID
    user_id: uuid.UUID
    person: str
    since: datetime
    last_seen: datetime
    address: str
    agent: str
    factor: str
    current: bool


def seen(digest: str) -> Seen | None:
    """The session whose identifier has this SHA-256 (lower-case hexadecimal), if the tenant of the transaction has it."""
    with connection.cursor() as cursor:
        cursor.execute(SEEN, [digest, current_tenant()])
        row = cursor.fetchone()
    if row is None:
        return None
    tenant, user, opened, last_seen, expires, absolute, address, factor = row[:8]
    session = LiveSession(tenant, user, opened, last_seen, expires, absolute, _address(address), factor)
    if session.user is None or row[8] is None:
        return Seen(session, None, "", "")
    return Seen(session, Person(session.user, row[8], row[9], tuple(row[12])), row[10], row[11])


def live_sessions(*, now: datetime, user: uuid.UUID | None = None, current: str = "") -> list[SessionFacts]:
    """Sessions of people that still stand at `now`, the latest used first. `current`: digest of the session that asks."""
    chosen = settings()
    rows = Session.objects.filter(
        tenant_id=current_tenant(),
        user__isnull=False,
        expires_at__gt=now,
        absolute_expires_at__gt=now,
        created_at__gt=now - chosen.absolute,
        last_seen_at__gt=now - chosen.idle,
    ).annotate(person_name=F("user__name"))
    if user is not None:
        rows = rows.filter(user_id=user)
    found = []
    for row in rows.order_by("-last_seen_at", "key"):
        assert row.user_id is not None
        found.append(
            SessionFacts(
                *(row.handle, row.user_id, row.person_name, row.created_at, row.last_seen_at),
                *(row.address or "", row.agent, row.factor, bool(current) and row.key == current),
            )
        )
    return found


def _address(text: str | None) -> Address | None:
    return ipaddress.ip_address(text) if text else None
