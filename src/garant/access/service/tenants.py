"""An organisation whose service is suspended: nobody comes in, nothing is lost, and resuming opens the doors again.

Its people sign in afresh after it is resumed: no session survives. The operator's staff only; there is no page for it.
"""

from datetime import datetime

from garant.access import fence
from garant.access.models import Session
from garant.access.service.addresses import publish_rules
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.identity.service import current_tenant, set_suspended


def suspend_tenant(*, reason: str, actor: str, at: datetime) -> bool:
    """Refuse everybody on this organisation's hosts from now on; False when it was suspended already.

    In its transaction with the scope `operator`. Sessions end, half-finished logins too; what the edge remembers is refused and its
    running connections are cut; public routes close. Raises InputError without a reason, and for the operator's own organisation.
    """
    tenant = current_tenant()
    fence.hold(tenant)
    if not set_suspended(suspended=True, reason=reason, at=at, actor=actor):
        return False
    ended = Session.objects.filter(tenant_id=tenant, user__isnull=False).count()
    Session.objects.filter(tenant_id=tenant).delete()
    audit.append(Kind.SESSION_ENDED, at=at, actor=actor, tenant=tenant, payload={"by": "suspended", "ended": ended})
    publish_rules(at=at, actor=actor)
    return True


def resume_tenant(*, reason: str, actor: str, at: datetime) -> bool:
    """Let its people in again, by the rules that hold now; False when it was not suspended. Raises as `suspend_tenant`."""
    fence.hold(current_tenant())
    if not set_suspended(suspended=False, reason=reason, at=at, actor=actor):
        return False
    publish_rules(at=at, actor=actor)
    return True
