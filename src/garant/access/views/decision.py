"""The edge's questions, answered in a process of their own behind a Unix socket.

    GET /decide      X-Edge-Sid, X-Edge-Ip, X-Edge-Host
      200            X-Decision: exp|iat_ms|tenant|user|roles|assertion
      401 / 403      no standing session / refused; X-Reason: one word of `policy.reasons`
    GET /healthz     200 while the database answers

Anything else means "down", and the edge fails closed. One transaction a question; the fence, then the clock, then the session: a
revocation is either seen here or younger than `iat_ms` (see `access.fence`).
"""

import functools
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from garant.access import fence
from garant.access.engines.answers import Answer, answer
from garant.access.engines.assertion import Claims, Signer
from garant.access.policy.decide import Question
from garant.access.policy.reasons import Reason
from garant.access.queries.settings import settings as tenant_settings
from garant.access.sessions import IDENTIFIER, TOUCH, address_from, digest_of, touch
from garant.identity.queries import TenantFacts, tenant_of_host
from garant.identity.service import tenant_transaction


@require_safe
def decide_view(request: HttpRequest) -> HttpResponse:
    """One question of the edge."""
    identifier = request.headers.get("X-Edge-Sid", "")
    address = address_from(request.headers.get("X-Edge-Ip", ""))
    host = request.headers.get("X-Edge-Host", "").split(":")[0].lower()
    if address is None or not host:
        return HttpResponse("the edge sends X-Edge-Ip and X-Edge-Host\n", status=400, content_type="text/plain")
    tenant = tenant_of_host(host)
    if tenant is None:
        return _no(Reason.OTHER_TENANT)
    if not IDENTIFIER.fullmatch(identifier):
        return _no(Reason.NO_SESSION)
    with tenant_transaction(tenant.id):
        fence.pass_shared(tenant.id)
        issued = _database_clock()
        tenant = tenant_of_host(host) or tenant
        digest = digest_of(identifier)
        found = answer(Question(tenant.id, address), digest, issued, suspended=tenant.suspended)
        if not found.decision.allowed or found.seen is None:
            return _no(found.decision.reason)
        if issued - found.seen.session.last_seen_at >= TOUCH:
            touch(digest, issued, tenant_settings(), found.seen.session.absolute_expires_at)
    return _yes(tenant, found, digest, issued)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """200 while the database answers; otherwise the error is this process's, and the edge sees it down."""
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return HttpResponse("ok\n", content_type="text/plain")


def _yes(tenant: TenantFacts, found: Answer, digest: str, issued: datetime) -> HttpResponse:
    decision, seen = found.decision, found.seen
    assert seen is not None
    claims = Claims(
        audience=f"{tenant.slug}/{settings.GARANT.application.name}",
        tenant=tenant.slug,
        user=str(decision.person),
        roles=decision.roles,
        name=seen.name,
        language=seen.language or tenant.language,
        session=digest,
        at=issued,
        until=decision.until,
    )
    iat_ms = int(issued.timestamp() * 1000)
    fields = (str(int(decision.until.timestamp())), str(iat_ms), tenant.slug, claims.user, ",".join(decision.roles), signer().sign(claims))
    response = HttpResponse("yes\n", content_type="text/plain")
    response["X-Decision"] = "|".join(fields)
    return response


def _no(reason: Reason) -> HttpResponse:
    response = HttpResponse("no\n", status=401 if reason.void else 403, content_type="text/plain")
    response["X-Reason"] = reason.value
    return response


def _database_clock() -> datetime:
    """The database's own time, read before the session is: the same clock as revocations use. One `now` for the whole decision."""
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found.astimezone(UTC)


@functools.cache
def signer() -> Signer:
    """The key is read once a process."""
    return Signer(Path(settings.DATA) / "assertion")
