"""Who may end lines of the access journal."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "0003_retention_v1.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("edge", "0002_isolation")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
