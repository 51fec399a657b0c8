"""A person made for probing: woken for one probe with new credentials, then put to rest.

- One for each tenant, known by its id (`access.policy.canary`); asleep it has no password, no factor, no role and is deactivated.
- Its login name and its credentials are made at each waking; the latter live in the probe's memory: nobody can use them afterwards.
- Only one probe at a time uses it (a lock of the database, given back when the process that holds it dies).
- Every waking leaves the entries of any other account.
"""

import secrets
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection

from garant.access.engines.enrolment import new_secret
from garant.access.engines.probes import Canary
from garant.access.models import Invitation
from garant.access.policy import totp
from garant.access.policy.canary import LOGIN_PREFIX, canary_of
from garant.access.service.factors import enrol_totp, reset_factors
from garant.access.service.passwords import drop_password, set_password
from garant.access.service.sessions import end_sessions_of
from garant.drivers.process import Deadline
from garant.identity import queries as identity
from garant.identity import service as people
from garant.identity.queries import TenantFacts, roles_of
from garant.identity.service import tenant_transaction
from garant.kernel.errors import EngineError
from garant.kernel.text import NBSP, Text

NAME = "Témoin de Garant"
ACTOR = "system:prober"
PATIENCE = 120.0
"""Seconds to wait for another probe of the same tenant to end."""

BEFORE = timedelta(seconds=2 * totp.PERIOD)
"""The factor is enrolled as of so long ago: the codes of the present and of the next step are still unused."""


@contextmanager
def awake(tenant: TenantFacts, *, roles: Sequence[str], at: datetime, factor: bool = True) -> Iterator[Canary]:
    """The tenant's canary with these roles, for as long as the block lasts. Not inside a transaction: the edge must see it."""
    with _alone(tenant):
        canary = _wake(tenant, roles=roles, at=at, factor=factor)
        try:
            yield canary
        finally:
            _rest(tenant, canary.user, at=at)


def _wake(tenant: TenantFacts, *, roles: Sequence[str], at: datetime, factor: bool) -> Canary:
    user, login = canary_of(tenant.id), f"{LOGIN_PREFIX}{secrets.token_hex(12)}"
    password, secret = secrets.token_urlsafe(24), new_secret()
    with tenant_transaction(tenant.id):
        if identity.user(user) is None:
            people.add_user(login=login, name=NAME, at=at, actor=ACTOR, id_=user)
        else:
            people.rename_user(user=user, login=login, at=at, actor=ACTOR)
        people.set_active(user=user, active=True, at=at, actor=ACTOR)
        Invitation.objects.filter(tenant_id=tenant.id, user_id=user).delete()
        _roles(user, roles, at)
        set_password(user=user, raw=password, actor=ACTOR, at=at)
        reset_factors(user=user, actor=ACTOR, at=at)
        if factor:
            earlier = at - BEFORE
            enrol_totp(user=user, secret=secret, code=totp.code(secret, totp.step_of(earlier)), actor=ACTOR, at=earlier)
    return Canary(user, login, password, secret)


def _rest(tenant: TenantFacts, user: uuid.UUID, *, at: datetime) -> None:
    with tenant_transaction(tenant.id):
        _roles(user, (), at)
        drop_password(user=user)
        reset_factors(user=user, actor=ACTOR, at=at)
        people.set_active(user=user, active=False, at=at, actor=ACTOR)
        Invitation.objects.filter(tenant_id=tenant.id, user_id=user).delete()
        end_sessions_of(user=user, actor=ACTOR, at=at, why="deactivated")


def _roles(user: uuid.UUID, wanted: Sequence[str], at: datetime) -> None:
    held = set(roles_of(user))
    for role in sorted(held - set(wanted)):
        people.revoke_role(user=user, role=role, at=at, actor=ACTOR)
    for role in sorted(set(wanted) - held):
        people.grant_role(user=user, role=role, at=at, actor=ACTOR)


@contextmanager
def _alone(tenant: TenantFacts) -> Iterator[None]:
    key = int.from_bytes(canary_of(tenant.id).bytes[:8], "big", signed=True)
    for _ in Deadline(PATIENCE).tries(0.2):
        if _ask("select pg_try_advisory_lock(%s)", key):
            break
    else:
        raise EngineError(
            Text(
                f"un autre essai occupe la personne d’essai de ce client depuis {PATIENCE:g}{NBSP}s.",
                f"another probe has held this customer’s canary for {PATIENCE:g} s.",
            )
        )
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            _ask("select pg_advisory_unlock(%s)", key)


def _ask(query: str, key: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(query, [key])
        row = cursor.fetchone()
    return bool(row and row[0])
