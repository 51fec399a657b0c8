"""One row per person that has a password. `encoded`: argon2id in Django's notation (RFC 9106)."""

from django.db import models


class Credential(models.Model):
    """The hash of one person's password. No row: the person has no password."""

    user = models.OneToOneField("identity.User", on_delete=models.CASCADE, related_name="credential", primary_key=True)
    tenant = models.ForeignKey("identity.Tenant", on_delete=models.PROTECT)
    encoded = models.CharField(max_length=200)
    changed_at = models.DateTimeField()
