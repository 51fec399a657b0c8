"""The processing register (Loi 25; GDPR, article 30), compiled from the map: rows, CSV and a page, in French or in English.

What the map does not say is a dash, and is counted: a register with holes says so at its head.
"""

import csv
import html
import io
from collections.abc import Iterable
from dataclasses import dataclass

from garant.data.policy import taxonomy, words
from garant.data.policy.compile.places import located
from garant.data.policy.map import Activity, DataMap, is_personal
from garant.kernel.text import Text

COLUMNS = {
    "name": Text("Traitement", "Processing activity"),
    "purpose": Text("Finalité", "Purpose"),
    "basis": Text("Fondement", "Legal basis"),
    "subjects": Text("Personnes concernées", "Data subjects"),
    "categories": Text("Catégories de renseignements", "Categories of data"),
    "sensitive": Text("Renseignements sensibles", "Sensitive data"),
    "recipients": Text("Destinataires", "Recipients"),
    "places": Text("Lieux de conservation", "Where kept"),
    "retention": Text("Durée de conservation", "Retention"),
    "safeguards": Text("Mesures de sécurité", "Safeguards"),
}
TITLE = Text("Registre des traitements", "Processing register")
HOLES = Text("Cases à remplir", "Cells to fill in")
CONTROLLER = Text("Responsable", "Controller")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
EMPTY = "–"


@dataclass(frozen=True)
class Register:
    """`rows`: one per activity, cells by column key; `outside`: personal collections that no activity covers."""

    application: str
    controller: str
    rows: tuple[dict[str, str], ...]
    outside: tuple[str, ...]

    @property
    def holes(self) -> int:
        return sum(cell == EMPTY for row in self.rows for cell in row.values())


def register(made: DataMap, language: str) -> Register:
    """The register in one language (`fr` or `en`)."""
    covered = {name for activity in made.activities for name in activity.collections}
    outside = tuple(each.name for each in made.collections if each.personal and each.name not in covered)
    rows = tuple(_row(made, activity, language) for activity in made.activities)
    return Register(made.application, made.controller.in_(language) if made.controller else EMPTY, rows, outside)


def as_csv(held: Register, language: str) -> str:
    """Comma-separated, with a byte-order mark for spreadsheets; no cell can be read as a formula."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([title.in_(language) for title in COLUMNS.values()])
    for row in held.rows:
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in (row[key] for key in COLUMNS)])
    return "\ufeff" + file.getvalue()


def as_html(held: Register, language: str) -> str:
    """A page of its own, readable without style sheet or script."""
    text = html.escape
    title = f"{TITLE.in_(language)} – {held.application}"
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="{text(language)}-CA"><head><meta charset="utf-8"><title>{text(title)}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head><body>',
        f"<h1>{text(title)}</h1><p>{CONTROLLER.in_(language)}: {text(held.controller)}. {HOLES.in_(language)}: {held.holes}.</p>",
    ]
    for row in held.rows:
        parts.append(f"<h2>{text(row['name'])}</h2><dl>")
        parts += [f"<dt>{text(label.in_(language))}</dt><dd>{text(row[key])}</dd>" for key, label in COLUMNS.items() if key != "name"]
        parts.append("</dl>")
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _row(made: DataMap, activity: Activity, language: str) -> dict[str, str]:
    covered = [each for name in activity.collections if (each := made.collection(name)) is not None]
    columns = [column for each in covered for column in each.columns]
    keys = sorted({key for column in columns for key in (*column.categories, *column.json.values()) if is_personal(key)})
    sensitive = [key for key in keys if taxonomy.is_sensitive(key)]
    stores = {each.store for each in located(made) if each.category in keys}
    kept = sorted({each.retention.keep for each in covered if each.retention is not None})
    retention = activity.retention.in_(language) if activity.retention else _join(words.duration(each).in_(language) for each in kept)
    cells = {
        "name": activity.name.in_(language),
        "purpose": activity.purpose.in_(language),
        "basis": activity.basis.in_(language),
        "subjects": _join(words.subject(key).in_(language) for key in activity.subjects),
        "categories": _join(words.category(key).in_(language) for key in keys),
        "sensitive": _join(words.category(key).in_(language) for key in sensitive) if sensitive else Text("aucun", "none").in_(language),
        "recipients": _join(each.in_(language) for each in activity.recipients),
        "places": _join(f"{each.name} ({each.jurisdiction or '?'})" for each in sorted(stores, key=lambda each: each.name)),
        "retention": retention,
        "safeguards": activity.safeguards.in_(language) if activity.safeguards else "",
    }
    return {key: cell or EMPTY for key, cell in cells.items()}


def _join(parts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(parts))
