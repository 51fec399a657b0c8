"""The columns in clear go. Their bytes leave the files with the next VACUUM FULL, and the backups with their age."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("surveys", "0004_seal_rows")]
    operations = [
        migrations.RemoveField("person", "name_plain"),
        migrations.RemoveField("answer", "text_plain"),
        migrations.RemoveField("survey", "introduction_plain"),
    ]
