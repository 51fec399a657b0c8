"""Seals what was held in clear, a few hundred rows at a time. Stopped half-way, it goes on where it was.

It needs the keyring where there is something to seal: SONDAGE_KEYRING and its token. A new installation has nothing.
"""

import sys

from django.db import migrations, transaction

from garant_django.keys import keyring

BATCH = 500
COLUMNS = (("Person", "name"), ("Survey", "introduction"), ("Answer", "text"))


def seal(apps, schema_editor):
    for model, name in COLUMNS:
        rows = apps.get_model("surveys", model).objects.exclude(**{f"{name}_plain": ""})
        left = rows.count()
        if left:
            keyring().wait(60)
        while left:
            with transaction.atomic():
                for row in rows.order_by("pk")[:BATCH].select_for_update():
                    setattr(row, name, getattr(row, f"{name}_plain"))
                    setattr(row, f"{name}_plain", "")
                    row.save(update_fields=[name, f"{name}_plain"])
            left = rows.count()
            print(f"{model}.{name}: {left} rows left to seal", file=sys.stderr, flush=True)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("surveys", "0003_sealed_columns")]
    operations = [migrations.RunPython(seal, migrations.RunPython.noop, elidable=False)]
