"""Isolation procedures for all areas, and the outbox's own policies."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunSQL((SQL / "0001_isolation_v1.sql").read_text(encoding="utf-8"), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "0002_outbox_v1.sql").read_text(encoding="utf-8"), migrations.RunSQL.noop),
    ]
