"""Seals what was held in clear, a few hundred rows at a time. Stopped half-way, it goes on where it was.

It needs the keyring where there is something to seal: SONDAGE_KEYRING and its token. A new installation has nothing.
"""

import sys
import time

from django.db import migrations, transaction

from garant.sdk.errors import KeysUnavailable
from garant_django.keys import keyring

BATCH = 500
PATIENCE = 60
"""Seconds."""
COLUMNS = (("Person", "name"), ("Survey", "introduction"), ("Answer", "text"))


def keys_come(tenant):
    """While everything starts, the keyring and the organisation's keys may come a moment later. Raises KeysUnavailable after a minute."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            keyring().seal(tenant=tenant, table="", column="", row="", value=b"")
        except KeysUnavailable:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)
        else:
            return


def seal(apps, schema_editor):
    for model, name in COLUMNS:
        rows = apps.get_model("surveys", model).objects.exclude(**{f"{name}_plain": ""})
        left = rows.count()
        if left:
            keys_come(rows.values_list("tenant", flat=True).first())
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
