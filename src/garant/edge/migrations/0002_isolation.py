"""Who may read and write the rows of the edge."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "0002_isolation_v1.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("edge", "0001_initial"), ("audit", "0002_isolation"), ("identity", "0002_isolation")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
