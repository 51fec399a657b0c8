"""People of a tenant, as its administrators manage them (EHQ-23, EHQ-27, EHQ-45, INT-33)."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from garant.access import fence
from garant.access.models import Invitation
from garant.access.policy.canary import LOGIN_PREFIX, canary_of
from garant.access.policy.people import ADMIN, Confirm, guard
from garant.access.queries.people import administrators
from garant.access.service.passwords import drop_password, set_password
from garant.access.service.sessions import end_sessions_of
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.edge import service as edge
from garant.identity import queries as identity
from garant.identity import service as people
from garant.identity.service import current_tenant
from garant.kernel.errors import InputError, Refused

INVITATION_LIFE = timedelta(days=7)


class Untouchable(Refused):
    """This account is Garant's own, made for its trials: nobody signs in with it, and it is given nothing by hand."""


@dataclass(frozen=True)
class Invited:
    """A person who may choose a password through a one-time link. `token`: shown once, kept nowhere."""

    user: uuid.UUID
    token: str
    expires_at: datetime


def invite_user(*, login: str, name: str, email: str = "", roles: Iterable[str] = (), actor: str, at: datetime) -> Invited:
    """A new person without a password, and the link by which they choose one. Raises InputError when the name is taken or kept."""
    if identity.login_key(login).startswith(LOGIN_PREFIX.rstrip("-")):
        raise InputError("Names that begin like this are kept for Garant’s own trials. Choose another one.")
    user = people.add_user(login=login, name=name, email=email, roles=tuple(roles), at=at, actor=actor)
    return _invitation(user.id, at=at)


def reset_password(*, user: uuid.UUID, actor: str, at: datetime) -> Invited:
    """The former password is dead, sessions end, and a new one-time link is made."""
    _require(user)
    drop_password(user=user)
    audit.append(Kind.PASSWORD_SET, at=at, actor=actor, tenant=current_tenant(), payload={"user": str(user), "reset": True})
    end_sessions_of(user=user, actor=actor, at=at, why="password")
    return _invitation(user, at=at)


def invited(*, token: str, at: datetime) -> uuid.UUID | None:
    """Whom a link is for, if it still works."""
    rows = Invitation.objects.filter(key=_digest(token), tenant_id=current_tenant(), used_at=None, expires_at__gt=at, user__is_active=True)
    return rows.values_list("user_id", flat=True).first()


def accept_invitation(*, token: str, raw: str, at: datetime) -> uuid.UUID:
    """The person chooses their password; the link is dead. Raises InputError for a dead link, WeakPassword."""
    user = invited(token=token, at=at)
    if user is None:
        raise InputError("this link has been used or is too old; ask your administrator for a new one")
    set_password(user=user, raw=raw, actor=str(user), at=at)
    if not Invitation.objects.filter(key=_digest(token), tenant_id=current_tenant(), used_at=None).update(used_at=at):
        raise InputError("this link has been used; ask your administrator for a new one")
    return user


def deactivate_user(*, user: uuid.UUID, actor: str, at: datetime, confirm: bool = False) -> None:
    """A person leaves: sessions end now, links are dead, and coming back revives nothing.

    Raises LastAdministrator, Confirm (one's own account), InputError.
    """
    _require(user)
    fence.hold(current_tenant())
    admins = administrators()
    guard(target=str(user), actor=actor, keeps_admin=False, admins=admins, confirmed=confirm)
    if str(user) == actor and not confirm:
        raise Confirm()
    Invitation.objects.filter(user_id=user, tenant_id=current_tenant(), used_at=None).delete()
    if people.set_active(user=user, active=False, at=at, actor=actor):
        end_sessions_of(user=user, actor=actor, at=at, why="deactivated")


def reactivate_user(*, user: uuid.UUID, actor: str, at: datetime) -> None:
    """A person comes back, with their password and factor but without any former session. Raises InputError, Untouchable."""
    _require(user)
    _require_person(user)
    people.set_active(user=user, active=True, at=at, actor=actor)


def change_roles(*, user: uuid.UUID, roles: Iterable[str], actor: str, at: datetime, confirm: bool = False) -> None:
    """Give a person exactly these roles; live decisions are asked again at once.

    Raises LastAdministrator, Confirm (one's own administration), InputError, Untouchable.
    """
    _require(user)
    _require_person(user)
    fence.hold(current_tenant())
    wanted, held = set(roles), set(identity.roles_of(user))
    guard(target=str(user), actor=actor, keeps_admin=ADMIN in wanted, admins=administrators(), confirmed=confirm)
    if wanted == held:
        return
    for role in sorted(held - wanted):
        people.revoke_role(user=user, role=role, at=at, actor=actor)
    for role in sorted(wanted - held):
        people.grant_role(user=user, role=role, at=at, actor=actor)
    edge.revoke(kind="u", key=str(user), tenant=current_tenant(), at=at, actor=actor)


def _require(user: uuid.UUID) -> None:
    found = identity.user(user)
    if found is None or found.tenant_id != current_tenant():
        raise InputError("there is no such person in this organisation")


def _require_person(user: uuid.UUID) -> None:
    if user == canary_of(current_tenant()):
        raise Untouchable


def _invitation(user: uuid.UUID, *, at: datetime) -> Invited:
    token = secrets.token_urlsafe(32)
    Invitation.objects.filter(user_id=user, tenant_id=current_tenant(), used_at=None).delete()
    Invitation.objects.create(key=_digest(token), tenant_id=current_tenant(), user_id=user, created_at=at, expires_at=at + INVITATION_LIFE)
    return Invited(user, token, at + INVITATION_LIFE)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
