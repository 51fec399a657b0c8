"""Versions of data maps, and who may write them."""

from pathlib import Path

from django.db import migrations, models

SQL = (Path(__file__).parents[1] / "sql" / "0001_maps_v1.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    initial = True
    dependencies = [("audit", "0002_isolation")]
    operations = [
        migrations.CreateModel(
            name="MapVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("application", models.CharField(max_length=63)),
                ("number", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("source", models.TextField()),
                ("tables", models.PositiveIntegerField()),
                ("columns", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=80)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["application", "number"], name="data_map_version")],
            },
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
