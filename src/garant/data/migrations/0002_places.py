"""The register of places, placements, the signed report, and who may write them."""

import uuid
from pathlib import Path

from django.db import migrations, models

SQL = (Path(__file__).parents[1] / "sql" / "0002_places_v1.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):

    dependencies = [
        ('data', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='PlacementRow',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(unique=True)),
                ('country', models.CharField(max_length=2)),
                ('regions', models.JSONField(default=list)),
                ('changed_at', models.DateTimeField()),
                ('actor', models.CharField(max_length=80)),
            ],
            options={
                'db_table': 'data_placement',
            },
        ),
        migrations.CreateModel(
            name='PlacesReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('made_at', models.DateTimeField(db_index=True)),
                ('document', models.TextField()),
                ('key_id', models.CharField(max_length=64)),
                ('signature', models.CharField(max_length=100)),
            ],
            options={
                'db_table': 'data_places_report',
            },
        ),
        migrations.CreateModel(
            name='PlacesVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(unique=True)),
                ('text', models.TextField()),
                ('digest', models.CharField(max_length=64)),
                ('imported_at', models.DateTimeField()),
                ('actor', models.CharField(max_length=80)),
                ('position', models.BigIntegerField()),
            ],
            options={
                'db_table': 'data_places_version',
            },
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
