"""People of the tenant of the transaction, as the console shows them."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model

from garant.identity.service import current_tenant


@dataclass(frozen=True)
class Person:
    """One person. `factor`: whether a second one is set up; `last_login`: UTC, None = never."""

    id: uuid.UUID
    login: str
    name: str
    email: str
    roles: tuple[str, ...]
    active: bool
    factor: bool
    last_login: datetime | None


def people() -> list[Person]:
    """Everybody of the tenant, by name."""
    enrolled = with_factor()
    rows = get_user_model().objects.filter(tenant_id=current_tenant()).prefetch_related("assignments").order_by("name", "login")
    return [
        Person(
            *(row.id, row.login, row.name, row.email, tuple(sorted(a.role for a in row.assignments.all()))),
            *(row.is_active, row.id in enrolled, row.last_login),
        )
        for row in rows
    ]


def administrators() -> set[str]:
    """Ids of the active administrators."""
    rows = get_user_model().objects.filter(tenant_id=current_tenant(), is_active=True, assignments__role="admin")
    return {str(pk) for pk in rows.values_list("pk", flat=True)}


def with_factor() -> set[uuid.UUID]:
    """Ids of the people of the tenant who set up an authenticator application."""
    rows = Authenticator.objects.filter(type=Authenticator.Type.TOTP, user__tenant_id=current_tenant())
    return set(rows.values_list("user_id", flat=True))
