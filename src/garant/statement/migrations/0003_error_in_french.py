"""What an engine said in French, beside the English."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("statement", "0002_append_only")]
    operations = [migrations.AddField("evidencerow", "error_fr", models.TextField(null=True))]
