"""What a tenant chooses about the way in. A change is an entry, and ends at once what it makes unlawful."""

import dataclasses
from datetime import datetime
from typing import Any

from garant.access import fence
from garant.access.models import AccessPolicy, Session
from garant.access.policy.settings import AccessSettings, FactorRule, checked
from garant.access.queries.settings import settings
from garant.access.service.addresses import publish_rules
from garant.access.sessions import forget
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.edge import service as edge
from garant.identity.queries import slug_of
from garant.identity.service import current_tenant


def change_settings(*, actor: str, at: datetime, **changes: Any) -> AccessSettings:
    """Change some of the choices (field names of AccessSettings) and return all. Raises InputError beyond the bounds, TypeError.

    When the second factor becomes required, sessions that passed none end; every live decision is asked again.
    """
    before = settings()
    after = checked(dataclasses.replace(before, **changes))
    if after == before:
        return after
    tenant = current_tenant()
    fence.hold(tenant)
    row = {
        "factor_rule": after.factor_rule.value,
        "idle_minutes": after.idle_minutes,
        "absolute_hours": after.absolute_hours,
        "binding": after.binding.value,
        "address_mode": after.address_mode.value,
        "address_hours": after.address_hours,
    }
    AccessPolicy.objects.update_or_create(tenant_id=tenant, defaults={**row, "changed_at": at})
    audit.append(Kind.POLICY_CHANGED, at=at, actor=actor, tenant=tenant, payload=row)
    if after.factor_rule is FactorRule.REQUIRED and before.factor_rule is not FactorRule.REQUIRED:
        forget(
            list(Session.objects.filter(tenant_id=tenant, user__isnull=False, factor="").values_list("key", flat=True)), at=at, actor=actor
        )
    if (after.address_mode, after.address_life) != (before.address_mode, before.address_life):
        publish_rules(at=at, actor=actor)
    else:
        edge.revoke(kind="t", key=slug_of(tenant), tenant=tenant, at=at, actor=actor)
    return after
