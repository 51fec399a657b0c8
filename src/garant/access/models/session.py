"""Sessions, keyed by the SHA-256 of their identifier: a copy of this table opens no door (INT-34..37)."""

import uuid

from django.db import models


class Session(models.Model):
    """One browser's session in one tenant.

    `key`: lower-case hexadecimal SHA-256 of the identifier in the cookie; the identifier itself is nowhere in the database.
    `handle`: what lists and forms call it. `user`: null before the login is complete. `factor`: '' | 'totp' | 'recovery'.
    `data`: sealed under a key made from the identifier, so that it cannot be read without the cookie.
    """

    key = models.CharField(max_length=64, primary_key=True)
    handle = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    tenant = models.ForeignKey("identity.Tenant", on_delete=models.PROTECT)
    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, null=True, related_name="access_sessions")
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    absolute_expires_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=200, blank=True)
    factor = models.CharField(max_length=10, blank=True)
    data = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "user"], name="access_session_tenant_user")]
