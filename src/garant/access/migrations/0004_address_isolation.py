"""Row isolation of address rules and requests."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "0004_address_v1.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("access", "0003_address")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
