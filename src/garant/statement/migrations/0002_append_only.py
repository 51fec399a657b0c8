"""Row policies and the refusal of rewriting."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("statement", "0001_initial"), ("audit", "0002_isolation")]
    operations = [
        migrations.RunSQL((SQL / "0001_append_only_v1.sql").read_text(encoding="utf-8"), migrations.RunSQL.noop),
    ]
