"""The outbox: what will be sequenced into the ledger. Opaque identifiers and its own copy of every fact; no foreign key."""

from django.db import models


class OutboxEntry(models.Model):
    """One act. `payload` is JSON without secrets. Rows are only ever inserted (the database refuses the rest)."""

    seq = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=60)
    tenant_id = models.UUIDField(null=True)
    actor = models.CharField(max_length=80)
    payload = models.JSONField()

    class Meta:
        db_table = "audit_outbox"
        indexes = [models.Index(fields=["tenant_id", "-seq"], name="audit_outbox_tenant_seq")]
