"""Row isolation of the TLS report."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "0002_isolation_v1.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("assurance", "0001_initial"), ("audit", "0002_isolation")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
