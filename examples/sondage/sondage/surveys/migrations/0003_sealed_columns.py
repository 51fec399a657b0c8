"""Names and free texts get a sealed column; what they held in clear waits beside it for the next migration."""

from django.db import migrations

from garant_django.fields import SealedTextField


class Migration(migrations.Migration):
    dependencies = [("surveys", "0002_same_organisation")]
    operations = [
        migrations.RenameField("person", "name", "name_plain"),
        migrations.RenameField("answer", "text", "text_plain"),
        migrations.AddField("person", "name", SealedTextField(blank=True, max_length=200, null=True)),
        migrations.AddField("answer", "text", SealedTextField(blank=True, null=True)),
    ]
