"""Names and free texts get a sealed column; what they held in clear waits beside it for the next migration. A person may give an e-mail."""

from django.db import migrations, models

from garant_django.fields import BlindIndexField, SealedTextField


class Migration(migrations.Migration):
    dependencies = [("surveys", "0002_same_organisation")]
    operations = [
        migrations.RenameField("person", "name", "name_plain"),
        migrations.RenameField("answer", "text", "text_plain"),
        migrations.RenameField("survey", "introduction", "introduction_plain"),
        migrations.AddField("person", "name", SealedTextField(blank=True, max_length=200, null=True)),
        migrations.AddField("answer", "text", SealedTextField(blank=True, null=True)),
        migrations.AddField("survey", "introduction", SealedTextField(blank=True, max_length=4000, null=True)),
        migrations.AddField("person", "email", SealedTextField(blank=True, max_length=254, null=True)),
        migrations.AddField("person", "email_index", BlindIndexField(source="email")),
        migrations.AddIndex("person", models.Index(fields=["tenant", "email_index"], name="surveys_person_by_email")),
    ]
