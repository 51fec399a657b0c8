"""What the edge is told, what it acknowledges, what it saw. HAProxy itself never reads the database: the agent does."""

from django.db import models


class Revocation(models.Model):
    """Decisions of one session (`s`), user (`u`) or tenant (`t`) issued at or before `not_before_ms` (database clock) are dead.

    Needed only while such a decision could live (60 s): the agent prunes older rows.
    """

    kind = models.CharField(max_length=1)
    key = models.CharField(max_length=64)
    not_before_ms = models.BigIntegerField()
    tenant = models.ForeignKey("identity.Tenant", on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["not_before_ms"], name="edge_revocation_recent")]


class Policy(models.Model):
    """The address rules of a tenant, as compiled into every edge. `version` grows with each change."""

    tenant = models.OneToOneField("identity.Tenant", on_delete=models.CASCADE, primary_key=True, related_name="+")
    version = models.BigIntegerField()
    document = models.JSONField()
    changed_at = models.DateTimeField()


class Denied(models.Model):
    """A network refused for everybody, on every host."""

    network = models.CharField(max_length=49, unique=True)
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField()


class Edge(models.Model):
    """One edge, as its agent last reported it. `problem`: what keeps it from applying, in words; empty when well."""

    name = models.CharField(max_length=80, primary_key=True)
    seen_at = models.DateTimeField()
    engine = models.CharField(max_length=60, blank=True)
    worker = models.BigIntegerField(null=True)
    decisions = models.BigIntegerField(default=0)
    revoked_through_ms = models.BigIntegerField(default=0)
    problem = models.TextField(blank=True)


class Applied(models.Model):
    """The version of a tenant's rules that an edge has acknowledged."""

    edge = models.ForeignKey(Edge, on_delete=models.CASCADE, related_name="applied")
    tenant = models.ForeignKey("identity.Tenant", on_delete=models.CASCADE, related_name="+")
    version = models.BigIntegerField()
    applied_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["edge", "tenant"], name="edge_applied_once")]


class JournalLine(models.Model):
    """One request at the edge. No query string, no cookie, no session. `tenant` null: the host was nobody's.

    `ms`: total active time; `size`: bytes sent to the client; `ending`: HAProxy's two-letter termination state.
    """

    at = models.DateTimeField()
    edge = models.CharField(max_length=80)
    worker = models.BigIntegerField()
    seq = models.BigIntegerField()
    request = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=45)
    host = models.CharField(max_length=253)
    tenant = models.ForeignKey("identity.Tenant", on_delete=models.CASCADE, null=True, related_name="+")
    user_id = models.UUIDField(null=True)
    method = models.CharField(max_length=20)
    path = models.CharField(max_length=1000)
    status = models.IntegerField()
    ms = models.IntegerField()
    size = models.BigIntegerField()
    ending = models.CharField(max_length=4)
    reason = models.CharField(max_length=20, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-at"], name="edge_journal_tenant_at"),
            models.Index(fields=["at"], name="edge_journal_at"),
        ]


class Loss(models.Model):
    """Counters of one minute of one edge: lines received, missing sequence numbers, lines HAProxy dropped, lines not written.

    `refused`: connections of programs that are not the edge, ended unread.
    """

    minute = models.DateTimeField()
    edge = models.CharField(max_length=80)
    lines = models.BigIntegerField(default=0)
    missing = models.BigIntegerField(default=0)
    dropped = models.BigIntegerField(default=0)
    unwritten = models.BigIntegerField(default=0)
    unreadable = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["minute", "edge"], name="edge_loss_minute")]
