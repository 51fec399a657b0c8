"""Connections that the collector refused, by the minute."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("edge", "0003_retention")]

    operations = [
        migrations.AddField(model_name="loss", name="refused", field=models.BigIntegerField(db_default=0, default=0)),
    ]
