"""A row and the row it hangs on belong to the same organisation: the database refuses the contrary."""

from django.db import migrations

PARENTS = ["survey", "question", "response"]
CHILDREN = [
    ("question", "survey"),
    ("response", "survey"),
    ("attachment", "survey"),
    ("answer", "response"),
    ("answer", "question"),
]


def statements() -> list[tuple[str, str]]:
    made = [
        (
            f"alter table surveys_{parent} add constraint surveys_{parent}_tenant_key unique (id, tenant)",
            f"alter table surveys_{parent} drop constraint surveys_{parent}_tenant_key",
        )
        for parent in PARENTS
    ]
    for child, parent in CHILDREN:
        name = f"surveys_{child}_{parent}_same_tenant"
        made.append(
            (
                f"alter table surveys_{child} add constraint {name} foreign key ({parent}_id, tenant) "
                f"references surveys_{parent} (id, tenant) deferrable initially deferred",
                f"alter table surveys_{child} drop constraint {name}",
            )
        )
    return made


class Migration(migrations.Migration):
    dependencies = [("surveys", "0001_initial")]
    operations = [migrations.RunSQL(forward, backward) for forward, backward in statements()]
