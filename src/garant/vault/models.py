"""Rows that hold keys; nobody but the vault imports them. No foreign key: a key's record outlives what it names."""

import uuid

from django.db import models


class Ring(models.Model):
    """One tenant's keys as a whole. `epoch` grows with every change that must empty the processes' memories at once.

    `was`, `due_at`: of a pending destruction, the state before it and its end. `kek_version`, `kcv`: of the key that wraps data keys now.
    """

    tenant_id = models.UUIDField(primary_key=True)
    state = models.CharField(max_length=20, default="active")
    epoch = models.BigIntegerField(default=1)
    was = models.CharField(max_length=20, blank=True, default="")
    due_at = models.DateTimeField(null=True)
    kek_version = models.PositiveIntegerField(default=1)
    kcv = models.BinaryField(max_length=16)
    changed_at = models.DateTimeField()


class DataKey(models.Model):
    """A key that seals values of one class. `id` is the key id in the envelope; `wrapped`: under the tenant's key, which is not here.

    `reserved`: messages that processes may have sealed with it, counted in blocks. A destroyed key keeps its row, and no `wrapped`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField()
    data_class = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=20, default="active")
    kcv = models.BinaryField(max_length=16)
    kek_version = models.PositiveIntegerField(default=1)
    wrapped = models.BinaryField(max_length=60)
    reserved = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "data_class", "version"], name="vault_datakey_version"),
            models.UniqueConstraint(
                fields=["tenant_id", "data_class"], condition=models.Q(state="active"), name="vault_datakey_one_active"
            ),
        ]


class KeyOrder(models.Model):
    """What two people decided about keys. No foreign key to what it destroys: the order outlives it.

    `state`: ordered, approved, begun (decided in the log, the act not finished), done, withdrawn. `dry_run`: what it would reach, seen
    when it was ordered; `outcome`: what it did.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField()
    verb = models.CharField(max_length=20)
    data_key = models.UUIDField(null=True)
    reason = models.TextField()
    state = models.CharField(max_length=10, default="ordered")
    dry_run = models.JSONField(default=dict)
    ordered_by = models.CharField(max_length=80)
    ordered_at = models.DateTimeField()
    approved_by = models.CharField(max_length=80, blank=True, default="")
    approved_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)
    executed_at = models.DateTimeField(null=True)
    outcome = models.JSONField(default=dict)

    class Meta:
        constraints = [
            # Two orders about one organisation would meet half-way.
            models.UniqueConstraint(
                fields=["tenant_id"], condition=models.Q(state__in=["ordered", "approved", "begun"]), name="vault_order_one_open"
            ),
            models.CheckConstraint(
                condition=models.Q(approved_by="") | ~models.Q(approved_by=models.F("ordered_by")), name="vault_order_two_people"
            ),
        ]
