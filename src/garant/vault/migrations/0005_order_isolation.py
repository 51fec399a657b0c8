"""Row isolation of orders."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "0005_orders_v1.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("vault", "0004_orders"), ("audit", "0002_isolation")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
