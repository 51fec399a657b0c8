"""Who has a second factor, and since when (ASO-18: the share is what "urged" is measured by)."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model

from garant.access.policy.canary import canary_of
from garant.access.queries.people import with_factor
from garant.identity.service import current_tenant


@dataclass(frozen=True)
class FactorFacts:
    """One person's application of codes."""

    since: datetime


@dataclass(frozen=True)
class Enrolment:
    """How many active people there are, and how many of them have a factor."""

    people: int
    enrolled: int


def factor(user: uuid.UUID) -> FactorFacts | None:
    """The person's application of codes, or None."""
    row = Authenticator.objects.filter(user_id=user, user__tenant_id=current_tenant(), type=Authenticator.Type.TOTP).first()
    return FactorFacts(row.created_at) if row else None


def enrolment() -> Enrolment:
    """The tenant's share (ASO-18). The canary is not counted: it has a factor for as long as a probe lasts."""
    tenant = current_tenant()
    people = get_user_model().objects.filter(tenant_id=tenant, is_active=True).exclude(pk=canary_of(tenant))
    active = set(people.values_list("pk", flat=True))
    return Enrolment(len(active), len(active & with_factor()))
