"""The memory that makes a one-time code one-time (RFC 6238, section 5.2)."""

from django.db import models


class TotpCounter(models.Model):
    """The last time step whose code this person used; a step at or below it is refused."""

    user = models.OneToOneField("identity.User", on_delete=models.CASCADE, primary_key=True, related_name="totp_counter")
    tenant = models.ForeignKey("identity.Tenant", on_delete=models.PROTECT)
    last = models.BigIntegerField()
