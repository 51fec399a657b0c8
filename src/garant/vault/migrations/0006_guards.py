"""Guards of rings and orders in the database itself."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "0006_guards_v1.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("vault", "0005_order_isolation")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
