"""One-time links by which a person chooses a first password, or a new one after an administrator's reset."""

from django.db import models


class Invitation(models.Model):
    """`key`: SHA-256 of the token in the link; the token itself is nowhere in the database. Used once, then dead."""

    key = models.CharField(max_length=64, primary_key=True)
    tenant = models.ForeignKey("identity.Tenant", on_delete=models.PROTECT)
    user = models.ForeignKey("identity.User", on_delete=models.CASCADE)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
