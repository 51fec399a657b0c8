"""Versions of an application's data map: rows of the platform, appended, never changed."""

from django.db import models


class MapVersion(models.Model):
    """One map as it was put in force. `source`: the file's text, exactly; `digest`: its SHA-256; `columns`: how many it speaks of."""

    application = models.CharField(max_length=63)
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    source = models.TextField()
    tables = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "number"], name="data_map_version")]
