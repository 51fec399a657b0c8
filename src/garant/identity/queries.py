"""Reads on tenants and people."""

import uuid
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db import connection

from garant.identity import policy
from garant.identity.models import RoleAssignment, Tenant, User


@dataclass(frozen=True)
class TenantFacts:
    """What other areas may know of a tenant. `zone`: IANA name, for calendars at the rim."""

    id: uuid.UUID
    slug: str
    name: str
    operator: bool
    language: str
    zone: str
    suspended: bool
    canary: bool = False
    sealing: bool = True

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


def tenant_of_host(host: str) -> TenantFacts | None:
    """The tenant that answers for `host` (without port), or None. Needs no context."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, slug, name, operator, language, zone, suspended, canary, sealing from identity_tenant_of_host(%s)", [host]
        )
        row = cursor.fetchone()
    return TenantFacts(*row) if row else None


def tenant_of_slug(slug: str) -> TenantFacts | None:
    """The tenant with this short name among those that the context may see, or None."""
    row = Tenant.objects.filter(slug=slug).first()
    return _facts(row) if row else None


def tenants(*, canaries: bool = False) -> list[TenantFacts]:
    """Every tenant that the context may see, the operator first: all of them for the worker, the edge and the operator scope.

    With `canaries`, also the organisations made for probing: for whoever serves hosts, never for whoever counts customers.
    """
    rows = Tenant.objects.all() if canaries else Tenant.objects.filter(canary=False)
    return [_facts(row) for row in rows.order_by("-operator", "slug")]


def canary_tenants() -> list[TenantFacts]:
    """The organisations made for probing, by name."""
    return [_facts(row) for row in Tenant.objects.filter(canary=True).order_by("slug")]


def facts_of(tenant: uuid.UUID) -> TenantFacts:
    """The facts of one tenant. Raises Tenant.DoesNotExist for one that the context may not see: that is a defect of the caller."""
    return _facts(Tenant.objects.get(pk=tenant))


def slug_of(tenant: uuid.UUID) -> str:
    """The short name under which the edge knows a tenant. Raises as `facts_of`."""
    return facts_of(tenant).slug


def hosts() -> dict[str, str]:
    """Host name to slug, of every tenant that the context may see."""
    return dict(Tenant.objects.values_list("host", "slug"))


def roles_of(user: uuid.UUID) -> tuple[str, ...]:
    """The roles of a person in the tenant of the transaction, sorted."""
    return tuple(RoleAssignment.objects.filter(user_id=user).order_by("role").values_list("role", flat=True))


def people() -> list[User]:
    """Users of the tenant of the transaction with their roles, by name."""
    return list(User.objects.prefetch_related("assignments").order_by("name", "login"))


def user(id_: uuid.UUID) -> User | None:
    """One user of the tenant of the transaction, or None (also for another tenant's)."""
    return User.objects.filter(pk=id_).first()


def login_key(login: str) -> str:
    """The form under which a login name is looked up and its tries are counted."""
    return policy.folded(login)


def person_by_login(login: str, tenant: uuid.UUID) -> User | None:
    """The person of this tenant who types this login name, with the password's row when there is one (EHQ-27, INT-33)."""
    return User.objects.filter(tenant_id=tenant, login_key=policy.folded(login)).first()


def _facts(row: Tenant) -> TenantFacts:
    return TenantFacts(row.id, row.slug, row.name, row.operator, row.language, row.zone, row.suspended, row.canary, row.sealing)
