"""Statements as imported, runs as recorded, verdicts as decided. Platform rows: all may read, the worker adds, nobody rewrites.

The database refuses updates and deletions on all of them (`sql/0001_append_only_v1.sql`), but for one act: closing an open interval.
"""

import uuid

from django.db import models
from django.db.models import Q

STATES = 14
"""Length of the longest state name, `not_applicable`."""


class Statement(models.Model):
    """One statement of the operator, by its slug; what it says is in its versions."""

    slug = models.CharField(max_length=41, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug


class Version(models.Model):
    """The TOML of a statement as it was imported, whole. The highest number is in force. `digest`: SHA-256 of the text."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    digest = models.CharField(max_length=64)
    imported_at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    position = models.BigIntegerField()

    class Meta:
        db_table = "statement_version"
        constraints = [models.UniqueConstraint(fields=["statement", "number"], name="statement_version_once")]


class EvidenceRow(models.Model):
    """One run of one measure. `position`: its entry in the audit outbox, which carries `digest` of the canonical form."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    promise = models.CharField(max_length=120)
    parameters = models.JSONField()
    measure = models.CharField(max_length=80)
    observed_at = models.DateTimeField()
    received_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    checked = models.PositiveIntegerField()
    in_scope = models.PositiveIntegerField()
    facts = models.JSONField()
    canary = models.CharField(max_length=8)
    drift = models.JSONField()
    error = models.TextField(null=True)  # null is "the engine answered", an empty error is not
    error_fr = models.TextField(null=True)  # in the digest only where it is not null
    digest = models.CharField(max_length=64)
    position = models.BigIntegerField(unique=True)

    class Meta:
        db_table = "statement_evidence"
        indexes = [models.Index(fields=["promise", "measure", "-observed_at"], name="statement_evidence_newest")]


class Decided(models.Model):
    """What a verdict says: the columns that a measure's verdict and a claim's interval share."""

    state = models.CharField(max_length=STATES)
    reason_fr = models.TextField()
    reason_en = models.TextField()
    number_fr = models.TextField()
    number_en = models.TextField()
    words_fr = models.TextField()
    words_en = models.TextField()
    evidence = models.JSONField()
    observed_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    fresh_until = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class MeasureVerdict(Decided):
    """The verdict of one measure after one run. The newest row of a promise and measure is its present one, read with its age."""

    id = models.BigAutoField(primary_key=True)
    promise = models.CharField(max_length=120)
    measure = models.CharField(max_length=80)
    run = models.ForeignKey(EvidenceRow, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "statement_measure_verdict"
        indexes = [models.Index(fields=["promise", "measure", "-id"], name="statement_measure_newest")]


class ClaimInterval(Decided):
    """A stretch of time in which a claim stood in one state. Open while `ended_at` is null; at most one open per claim."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="intervals")
    claim = models.CharField(max_length=20)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    position = models.BigIntegerField(unique=True)

    class Meta:
        db_table = "statement_claim_interval"
        constraints = [
            models.UniqueConstraint(fields=["statement", "claim"], condition=Q(ended_at__isnull=True), name="statement_one_open_interval"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=models.F("began_at")), name="statement_interval_ends_after"
            ),
        ]
        indexes = [models.Index(fields=["statement", "ended_at"], name="statement_interval_recent")]


class ExceptionRow(models.Model):
    """A lapse that a named person accepted until a date. It changes no verdict: it is a footnote (no muting)."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="exceptions")
    claim = models.CharField(max_length=20)
    reason_fr = models.TextField()
    reason_en = models.TextField()
    approver = models.CharField(max_length=120)
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    position = models.BigIntegerField(unique=True)

    class Meta:
        db_table = "statement_exception"
        constraints = [models.CheckConstraint(condition=Q(expires_at__gt=models.F("granted_at")), name="statement_exception_ends")]
