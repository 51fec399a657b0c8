"""The transaction that carries the tenant, and the verbs on tenants, people and roles.

    with tenant_transaction(tenant.id):
        ...        # every query sees this tenant only; without a context, row security shows nothing

Verbs take keyword arguments, run inside the caller's tenant transaction, and write one entry each.
"""

import contextlib
import contextvars
import uuid
from collections.abc import Iterator
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.drivers.postgres import begin_as, clear_context, set_scope
from garant.identity import policy
from garant.identity.models import RoleAssignment, Tenant, User
from garant.kernel.errors import InputError

ADMIN, MEMBER = policy.ADMIN, policy.MEMBER
"""Roles that exist in every tenant; see `policy`."""


class Taken(InputError):
    """This name is somebody else's."""


class TenantMismatch(RuntimeError):
    """Two tenants would be mixed in one transaction."""


_context: contextvars.ContextVar[tuple[uuid.UUID | None, str] | None] = contextvars.ContextVar("garant_context", default=None)


@contextlib.contextmanager
def tenant_transaction(tenant: uuid.UUID | None, *, scope: str = "") -> Iterator[None]:
    """One transaction in which row security shows this tenant (None: no tenant's rows) and, with scope `operator`, reads of all.

    Nested use with the same tenant and scope is a savepoint; with another one it raises TenantMismatch, since the setting would
    outlive the savepoint.
    """
    wanted = (tenant, scope)
    inside = _context.get()
    if inside is not None:
        if inside != wanted:
            raise TenantMismatch(f"already in the transaction of {inside}, asked for {wanted}")
        with transaction.atomic():
            yield
        return
    with transaction.atomic(durable=True):
        began = begin_as(connection.connection, tenant, scope)
        token = _context.set(wanted)
        try:
            yield
        finally:
            _context.reset(token)
            if not began:
                clear_context(connection.connection)


@contextlib.contextmanager
def operator_scope() -> Iterator[None]:
    """Within the operator's own tenant transaction: reads of every tenant, for the length of the block.

    Only after the person was seen to be staff: signing in, and every public page, happen without it.
    """
    inside = _context.get()
    if inside is None:
        raise RuntimeError("there is no transaction here: open tenant_transaction(tenant) first")
    if inside[1] == "operator":
        yield
        return
    set_scope(connection.connection, "operator")
    token = _context.set((inside[0], "operator"))
    try:
        yield
    finally:
        _context.reset(token)
        set_scope(connection.connection, inside[1])


def current_tenant() -> uuid.UUID:
    """The tenant of the transaction. Raises RuntimeError without one."""
    inside = _context.get()
    if inside is None or inside[0] is None:
        raise RuntimeError("there is no tenant here: open tenant_transaction(tenant) first")
    return inside[0]


def add_tenant(
    *,
    slug: str,
    name: str,
    host: str,
    at: datetime,
    actor: str,
    id_: uuid.UUID | None = None,
    operator: bool = False,
    canary: bool = False,
    sealing: bool = True,
    language: str = "fr-ca",
    zone: str = "America/Toronto",
) -> Tenant:
    """A new tenant, in a transaction of scope `operator`. Raises InputError for a bad or taken slug.

    With `id_` (that of the transaction), its rules and people can be made in this same transaction: its host then never answers
    before its address rules do.
    """
    if not operator:
        policy.checked_slug(slug)
    if not name.strip():
        raise InputError("a tenant needs a name")
    tenant = Tenant(
        id=id_ or uuid.uuid4(),
        slug=slug,
        name=name.strip(),
        host=host.lower(),
        operator=operator,
        canary=canary,
        sealing=sealing,
        language=language,
        zone=zone,
        created_at=at,
    )
    try:
        with transaction.atomic():
            tenant.save(force_insert=True)
    except IntegrityError as error:
        raise InputError(f"a tenant named {slug!r} or answering for {host!r} exists already") from error
    audit.append(Kind.TENANT_ADDED, at=at, actor=actor, payload={"tenant": str(tenant.id), "slug": slug, "host": host, "sealing": sealing})
    return tenant


def add_user(
    *, login: str, name: str, email: str = "", at: datetime, actor: str, roles: tuple[str, ...] = (), id_: uuid.UUID | None = None
) -> User:
    """A person of the tenant of the transaction. Raises Taken when login or e-mail is taken in this tenant, InputError for a bad one."""
    login = policy.checked_login(login)
    user = User(
        id=id_ or uuid.uuid4(),
        tenant_id=current_tenant(),
        login=login,
        login_key=policy.folded(login),
        name=name.strip() or login,
        email=email.strip(),
        email_key=policy.folded(email),
        created_at=at,
    )
    user.username = str(user.id)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise Taken(f"the login name {login!r} or the e-mail address is taken in this organisation") from error
    audit.append(Kind.USER_ADDED, at=at, actor=actor, tenant=user.tenant_id, payload={"user": str(user.id)})
    for role in roles:
        grant_role(user=user.id, role=role, at=at, actor=actor)
    return user


def rename_user(*, user: uuid.UUID, login: str, at: datetime, actor: str) -> None:
    """Give a person another login name. Raises Taken, or InputError when there is no such person here."""
    login = policy.checked_login(login)
    try:
        with transaction.atomic():
            found = User.objects.filter(pk=user, tenant_id=current_tenant()).update(login=login, login_key=policy.folded(login))
    except IntegrityError as error:
        raise Taken(f"the login name {login!r} is taken in this organisation") from error
    if not found:
        raise InputError("there is no such person in this organisation")
    audit.append(Kind.USER_CHANGED, at=at, actor=actor, tenant=current_tenant(), payload={"user": str(user), "login": True})


def grant_role(*, user: uuid.UUID, role: str, at: datetime, actor: str) -> None:
    """Give a role; giving it twice changes nothing and logs nothing. Raises InputError for a bad role name."""
    policy.checked_role(role)
    _, made = RoleAssignment.objects.get_or_create(tenant_id=current_tenant(), user_id=user, role=role)
    if made:
        audit.append(Kind.ROLE_GRANTED, at=at, actor=actor, tenant=current_tenant(), payload={"user": str(user), "role": role})


def revoke_role(*, user: uuid.UUID, role: str, at: datetime, actor: str) -> bool:
    """Take a role away; False when it was not there. The caller revokes live decisions (`access.service`)."""
    gone, _ = RoleAssignment.objects.filter(tenant_id=current_tenant(), user_id=user, role=role).delete()
    if gone:
        audit.append(Kind.ROLE_REVOKED, at=at, actor=actor, tenant=current_tenant(), payload={"user": str(user), "role": role})
    return bool(gone)


def set_active(*, user: uuid.UUID, active: bool, at: datetime, actor: str) -> bool:
    """Deactivate or reactivate a person; False when nothing changed. The caller ends sessions (`access.service`)."""
    changed = User.objects.filter(pk=user, tenant_id=current_tenant(), is_active=not active).update(is_active=active)
    if changed:
        kind = Kind.USER_CHANGED if active else Kind.USER_DEACTIVATED
        audit.append(kind, at=at, actor=actor, tenant=current_tenant(), payload={"user": str(user), "active": active})
    return bool(changed)


def set_suspended(*, suspended: bool, reason: str, at: datetime, actor: str) -> bool:
    """Suspend the organisation of the transaction, or resume it; False when nothing changed. Needs the scope `operator`.

    The caller ends what is live (`access.service.suspend_tenant`). Raises InputError without a reason, and for the operator's own.
    """
    reason = reason.strip()
    if not reason:
        raise InputError("a reason is needed: it stays in the log")
    tenant = current_tenant()
    if Tenant.objects.filter(pk=tenant, operator=True).exists():
        raise InputError("the operator's own organisation cannot be suspended: nobody could resume the others")
    changed = Tenant.objects.filter(pk=tenant, suspended=not suspended).update(suspended=suspended)
    if changed:
        kind = Kind.TENANT_SUSPENDED if suspended else Kind.TENANT_RESUMED
        audit.append(kind, at=at, actor=actor, tenant=tenant, payload={"tenant": str(tenant), "reason": reason})
    return bool(changed)
