"""Whether much can be taken away at once (CIR-34). Pure.

A page that hands out, a right of the application's role, or one person above the limit in one hour of the last day breaks the promise.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from garant.kernel.canonical import Json
from garant.kernel.promise import Evidence, Finding, Promise
from garant.kernel.text import NBSP, Text, count, same

HOURS = 24
"""How far back reading is looked at: a large reading breaks the promise for a day."""


def over(rows: Sequence[tuple[uuid.UUID, uuid.UUID, datetime, int]], limit: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Tenant and person of whoever took more than `limit` bytes in one hour, once each."""
    return list(dict.fromkeys((tenant, person) for tenant, person, _, taken in rows if taken > limit))


def judge(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001 - the judge's shape
    """data.no_export: nothing hands out, nobody took too much."""
    open_, may, above = _list(run.facts, "pages", "open"), _list(run.facts, "role", "may"), _int(run.facts, "above")
    words = Text("voies d’export ouvertes", "ways of export open")
    if open_:
        return Finding(
            False,
            count(len(open_)),
            words,
            Text(f"Une page d’export répond{NBSP}: {', '.join(open_)}.", f"A page of export answers: {', '.join(open_)}."),
        )
    if may:
        return Finding(
            False,
            count(len(may)),
            words,
            Text(
                f"Le rôle de l’application pourrait tout emporter{NBSP}: {', '.join(may)}.",
                f"The application’s role could take everything away: {', '.join(may)}.",
            ),
        )
    limit = count(_int(run.facts, "limit_bytes") // 1_000_000)
    if above:
        return Finding(
            False,
            count(above),
            Text("lectures hors de mesure", "readings out of measure"),
            Text(
                f"En une heure, {count(above).fr} personne{'s ont' if above > 1 else ' a'} lu plus de {limit.fr}{NBSP}Mo.",
                f"In one hour, {count(above).en} {'people' if above > 1 else 'person'} read more than {limit.en} MB.",
            ),
        )
    asked = _int(_part(run.facts, "pages"), "asked")
    largest = count(_int(run.facts, "largest_bytes") // 1_000_000)
    if not asked:
        return Finding(
            None,
            same("–"),
            words,
            Text("Aucune page d’export n’est déclarée, aucune n’a donc été essayée.", "No page of export is declared, so none was tried."),
        )
    if not _int(run.facts, "readers"):
        return Finding(
            None,
            same("–"),
            words,
            Text(
                "Le journal d’accès ne tient aucune lecture de la dernière journée, pas même celles de la mesure.",
                "The access journal holds no reading of the last day, not even those of the measure.",
            ),
        )
    pages = (
        Text("La page d’export déclarée est refusée ou absente", "The declared page of export was refused or is absent")
        if asked == 1
        else Text(
            f"Les {count(asked).fr} pages d’export déclarées sont refusées ou absentes",
            f"The {count(asked).en} declared pages of export were refused or are absent",
        )
    )
    return Finding(
        True,
        count(0),
        words,
        Text(
            f"{pages.fr}, le rôle de l’application ne peut rien copier "
            f"hors de la base, et personne n’a lu plus de {largest.fr}{NBSP}Mo en une heure (limite{NBSP}: {limit.fr}).",
            f"{pages.en}, the application’s role can copy nothing out of the "
            f"database, and the largest reading of one person in one hour is {largest.en} MB (limit: {limit.en}).",
        ),
    )


def _part(facts: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    found = facts.get(name)
    return found if isinstance(found, Mapping) else {}


def _list(facts: Mapping[str, Json], part: str, name: str) -> list[str]:
    found = _part(facts, part).get(name)
    return [str(each) for each in found] if isinstance(found, list | tuple) else []


def _int(facts: Mapping[str, Json], name: str) -> int:
    found = facts.get(name)
    return found if isinstance(found, int) else 0
