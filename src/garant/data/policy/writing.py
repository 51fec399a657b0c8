"""A map proposed from a database: text that `reading.py` reads back, with every guess marked for the person who reads it.

Values that were sampled for a guess are not in it.
"""

import json
import re
from collections.abc import Mapping, Sequence

from garant.data.policy.catalogue import Catalogue, LiveTable, Name
from garant.data.policy.discovery import Guess, guess, tenant_column, tenant_path

Samples = Mapping[Name, Mapping[str, Sequence[object]]]
WHY = {"name": "guessed from the name", "values": "guessed from the values", "type": "guessed from the type"}
MACHINERY = re.compile(
    r"(django|alembic|procrastinate|celery|sqlx|flyway|knex|goose|schema|ar_internal)_\w*(migrations?|version|metadata|history)?"
)
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})

HEAD = """# Data map of {application}, proposed from its database. Read each line before `garant map apply`: guesses carry a question mark.
# The words: docs/data-map.md. Categories: fideslang 3.1.4.
dataset:
- fides_key: {key}
  name: {application}
  fides_meta: {{namespace: {{schema: public}}}}
  garant:
    context: signed
    not_personal: [{listed}]{why}
    stores:
    - {{name: database, kind: database, engine: postgresql, where: application, jurisdiction: ""}}   # ? such as CA-QC
  collections:
"""


def proposal(catalogue: Catalogue, samples: Samples, *, application: str) -> str:
    """The text of a map for this database."""
    column = tenant_column(catalogue)
    tables = [table for table in catalogue.held() if table.parent is None]
    listed = [table for table in tables if MACHINERY.fullmatch(table.name) and not table.foreign_keys]
    head = HEAD.format(
        application=application,
        key=re.sub(r"[^A-Za-z0-9_.-]", "_", application),
        listed=", ".join(_word(_name(table)) for table in listed),
        why="   # ? tables of a framework" if listed else "",
    )
    body = "".join(_collection(table, catalogue, samples.get(table.table, {}), column) for table in tables if table not in listed)
    return head + (body or "  []\n")


def _collection(table: LiveTable, catalogue: Catalogue, samples: Mapping[str, Sequence[object]], column: str) -> str:
    guesses = {each.name: guess(each, samples.get(each.name, ())) for each in table.columns}
    path = tenant_path(table, catalogue, column) if column else ""
    personal = any(found.category.startswith("user") for found in guesses.values())
    lines = [f"  - name: {_word(_name(table))}"]
    if path:
        mark = "" if path == column else "   # ? a path over foreign keys"
        lines.append(f"    garant: {{tenant: {path}{', capture: true' if personal else ''}}}{mark}")
    else:
        lines.append("    # ? whose are these rows? Write `garant: {tenant: ...}`, or `garant: {without_tenant: why not}`")
    lines.append("    fields:")
    lines += [_field(each.name, guesses[each.name], table) for each in table.columns]
    return "\n".join(lines) + "\n"


def _field(name: str, found: Guess, table: LiveTable) -> str:
    meta = ", fides_meta: {primary_key: true}" if table.primary_key == (name,) else ""
    why = f"   # ? {WHY[found.why]}" if found.why in WHY else ""
    return f"    - {{name: {_word(name)}, data_categories: [{found.category}]{meta}}}{why}"


def _name(table: LiveTable) -> str:
    return table.name if table.schema == "public" else f"{table.schema}.{table.name}"


def _word(name: str) -> str:
    """A name as YAML reads it back: between quotes when it could be taken for something else."""
    return name if all(PLAIN.fullmatch(part) and part.lower() not in RESERVED for part in name.split(".")) else json.dumps(name)
