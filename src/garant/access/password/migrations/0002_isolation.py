"""Row isolation of password hashes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("access_password", "0001_initial"), ("identity", "0002_isolation")]
    operations = [migrations.RunSQL("call garant_isolate('access_password_credential')", migrations.RunSQL.noop)]
