"""What the tenant of the transaction chose about the way in."""

from datetime import timedelta

from garant.access.models import AccessPolicy
from garant.access.policy.settings import AccessSettings, AddressMode, Binding, FactorRule
from garant.identity.service import current_tenant


def settings() -> AccessSettings:
    """The tenant's choices; the defaults where it never chose."""
    row = AccessPolicy.objects.filter(tenant_id=current_tenant()).first()
    if row is None:
        return AccessSettings()
    return AccessSettings(
        factor_rule=FactorRule(row.factor_rule),
        idle=timedelta(minutes=row.idle_minutes),
        absolute=timedelta(hours=row.absolute_hours),
        binding=Binding(row.binding),
        address_mode=AddressMode(row.address_mode),
        address_life=timedelta(hours=row.address_hours),
    )
