"""People of the tenant of the transaction, as the console shows them."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model

from garant.access.policy.canary import canary_of
from garant.identity.service import current_tenant


@dataclass(frozen=True)
class Person:
    """One person. `factor`: whether a second one is set up; `last_login`: UTC, None = never; `canary`: made for probing, nobody's."""

    id: uuid.UUID
    login: str
    name: str
    email: str
    roles: tuple[str, ...]
    active: bool
    factor: bool
    last_login: datetime | None
    canary: bool = False


def people() -> list[Person]:
    """Everybody of the tenant, by name; the canary too, marked."""
    enrolled, canary = with_factor(), canary_of(current_tenant())
    rows = get_user_model().objects.filter(tenant_id=current_tenant()).prefetch_related("assignments").order_by("name", "login")
    return [
        Person(
            *(row.id, row.login, row.name, row.email, tuple(sorted(a.role for a in row.assignments.all()))),
            *(row.is_active, row.id in enrolled, row.last_login, row.id == canary),
        )
        for row in rows
    ]


def administrators() -> set[str]:
    """Ids of the active administrators. The canary is none, whatever it holds while awake: it administers nothing."""
    tenant = current_tenant()
    rows = get_user_model().objects.filter(tenant_id=tenant, is_active=True, assignments__role="admin").exclude(pk=canary_of(tenant))
    return {str(pk) for pk in rows.values_list("pk", flat=True)}


def with_factor() -> set[uuid.UUID]:
    """Ids of the people of the tenant who set up an authenticator application."""
    rows = Authenticator.objects.filter(type=Authenticator.Type.TOTP, user__tenant_id=current_tenant())
    return set(rows.values_list("user_id", flat=True))
