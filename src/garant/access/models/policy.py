"""What a tenant decided about the way in. No row: the defaults of `access.policy.settings`."""

from django.db import models


class AccessPolicy(models.Model):
    """One tenant's choices. Values and defaults are explained in `access.policy.settings`."""

    tenant = models.OneToOneField("identity.Tenant", on_delete=models.PROTECT, primary_key=True)
    factor_rule = models.CharField(max_length=12, default="required")
    idle_minutes = models.PositiveIntegerField(default=30)
    absolute_hours = models.PositiveIntegerField(default=12)
    binding = models.CharField(max_length=8, default="network")
    address_mode = models.CharField(max_length=8, default="approve")
    address_hours = models.PositiveIntegerField(default=8)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(factor_rule__in=["required", "recommended", "off"]), name="access_factor_rule"),
            models.CheckConstraint(condition=models.Q(binding__in=["off", "network", "address"]), name="access_binding"),
            models.CheckConstraint(condition=models.Q(address_mode__in=["off", "approve", "hours"]), name="access_address_mode"),
            models.CheckConstraint(condition=models.Q(idle_minutes__range=(5, 1440)), name="access_idle_minutes"),
            models.CheckConstraint(condition=models.Q(absolute_hours__range=(1, 168)), name="access_absolute_hours"),
            models.CheckConstraint(condition=models.Q(address_hours__range=(1, 24)), name="access_address_hours"),
        ]
