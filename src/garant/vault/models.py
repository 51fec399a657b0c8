"""Rows that hold keys; nobody but the vault imports them. No foreign key: a key's record outlives what it names."""

import uuid

from django.db import models


class Ring(models.Model):
    """One tenant's keys as a whole. `epoch` grows with every change that must empty the processes' memories at once."""

    tenant_id = models.UUIDField(primary_key=True)
    state = models.CharField(max_length=20, default="active")
    epoch = models.BigIntegerField(default=1)
    kcv = models.BinaryField(max_length=16)
    changed_at = models.DateTimeField()


class DataKey(models.Model):
    """A key that seals values of one class. `id` is the key id in the envelope; `wrapped`: under the tenant's key, which is not here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField()
    data_class = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=20, default="active")
    kcv = models.BinaryField(max_length=16)
    wrapped = models.BinaryField(max_length=60)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "data_class", "version"], name="vault_datakey_version"),
            models.UniqueConstraint(
                fields=["tenant_id", "data_class"], condition=models.Q(state="active"), name="vault_datakey_one_active"
            ),
        ]
