"""The tenant of a host says whether it was made for probing."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "0004_canary_v1.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("identity", "0003_canary")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
