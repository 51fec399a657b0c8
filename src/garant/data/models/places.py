"""Where data may be: the register of places as imported, each customer's placement, the signed report of what was seen."""

import uuid

from django.db import models


class PlacesVersion(models.Model):
    """`places.toml` as it was put in force, whole. The highest number holds. `digest`: SHA-256 of the text. Appended, never changed."""

    number = models.PositiveIntegerField(unique=True)
    text = models.TextField()
    digest = models.CharField(max_length=64)
    imported_at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    position = models.BigIntegerField()

    class Meta:
        db_table = "data_places_version"


class PlacementRow(models.Model):
    """One customer's country, and the regions that its contract narrows the map to (empty: all that the map gives)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField(unique=True)
    country = models.CharField(max_length=2)
    regions = models.JSONField(default=list)
    changed_at = models.DateTimeField()
    actor = models.CharField(max_length=80)

    class Meta:
        db_table = "data_placement"


class PlacesReport(models.Model):
    """One signed report of where data are. `document`: its canonical JSON, exactly the bytes that were signed (after a prefix)."""

    made_at = models.DateTimeField(db_index=True)
    document = models.TextField()
    key_id = models.CharField(max_length=64)
    signature = models.CharField(max_length=100)

    class Meta:
        db_table = "data_places_report"
