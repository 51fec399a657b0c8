"""Which networks may reach a tenant, and what people asked to add."""

import uuid

from django.db import models


class NetworkRule(models.Model):
    """One rule. What it means: `access.policy.addresses`.

    `network`: CIDR text, normalised (`198.51.100.0/24`, `2001:db8::/48`). `origin`: who added it (`admin`, `self` by a request, `staff`).
    `created_by`, `approved_by`: opaque ids, copies that outlive the person. `expires_at`: UTC; null: until removed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey("identity.Tenant", on_delete=models.PROTECT)
    network = models.CharField(max_length=49)
    verdict = models.CharField(max_length=5)
    classes = models.JSONField()
    label = models.CharField(max_length=120, blank=True)
    origin = models.CharField(max_length=5, default="admin")
    expires_at = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=80)
    approved_by = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # A network twice with one verdict would make its removal or its expiry ambiguous.
            models.UniqueConstraint(fields=["tenant", "network", "verdict"], name="access_rule_once"),
            models.CheckConstraint(condition=models.Q(verdict__in=["allow", "deny"]), name="access_rule_verdict"),
            models.CheckConstraint(condition=models.Q(origin__in=["admin", "self", "staff"]), name="access_rule_origin"),
            models.CheckConstraint(condition=~models.Q(classes=[]), name="access_rule_some_class"),
        ]
        # What has expired, found without reading every rule.
        indexes = [models.Index(fields=["tenant", "expires_at"], name="access_rule_tenant_expiry")]


class AddressRequest(models.Model):
    """A person asked that the address they sit at be allowed. States and transitions: `access.policy.addresses.TRANSITIONS`.

    `network`: what would be allowed (one IPv4 address, or the /64 of an IPv6 one). `hours`: for how long, as asked.
    `expires_at`: while pending, until when it can be answered; once open, until when it is open.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey("identity.Tenant", on_delete=models.PROTECT)
    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="address_requests")
    network = models.CharField(max_length=49)
    reason = models.CharField(max_length=300)
    hours = models.PositiveIntegerField()
    state = models.CharField(max_length=8, default="pending")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["pending", "approved", "refused", "expired", "auto"]), name="access_request_state"
            ),
            # Asking twice changes nothing: one answer settles it.
            models.UniqueConstraint(
                fields=["tenant", "user", "network"], condition=models.Q(state="pending"), name="access_request_pending_once"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "state"], name="access_request_tenant_state")]
