"""The public TLS report: a row of the platform, appended, never changed."""

from django.db import models


class TlsReport(models.Model):
    """One signed report. `document`: its canonical JSON, exactly the bytes that were signed (after a prefix)."""

    made_at = models.DateTimeField(db_index=True)
    document = models.TextField()
    key_id = models.CharField(max_length=64)
    signature = models.CharField(max_length=100)
