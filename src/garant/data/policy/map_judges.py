"""What the facts of the map's measures say: pure. Every `Finding` has a number, words and a full sentence, in French and English."""

from collections.abc import Mapping, Sequence
from typing import Any

from garant.data.policy.compile import change
from garant.data.policy.coverage import WORDS
from garant.data.policy.engines import wanted_engines, wanted_provider
from garant.kernel.promise import Evidence, Finding, Promise
from garant.kernel.text import NBSP, Text, count, ratio

NAMES = {
    "postgresql": "PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "sqlserver": "SQL Server",
    "mongodb": "MongoDB",
    "redis": "Redis",
    "s3": "S3",
    "local": "–",
}
OPEN, SHUT = range(200, 400), {401, 403, 404}
"""Statuses. Anything else is a fault, which says nothing of who may read."""


def mapped(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001 - the protocol's name
    """Every column of the database is in the map (CIR-19)."""
    facts = run.facts
    found: Mapping[str, Any] = facts["findings"]  # type: ignore[assignment]
    columns, number = int(str(facts["columns"])), int(str(facts["found"]))
    words = Text("colonnes dans la carte", "columns in the map")
    if number:
        kind, subjects = next(iter(found.items()))
        said = WORDS.get(str(kind), Text("n’est pas conforme à la carte", "differs from the map"))
        sentence = Text(f"{subjects[0]} {said.fr}.", f"{subjects[0]} {said.en}.")
        if number > 1:
            sentence = Text(f"{subjects[0]} {said.fr} (écarts{NBSP}: {number}).", f"{subjects[0]} {said.en} (differences: {number}).")
        return Finding(False, ratio(int(str(facts["mapped"])), columns), words, sentence)
    return Finding(
        True,
        ratio(columns, columns),
        words,
        Text(
            f"Les {count(columns).fr} colonnes des {facts['tables']} tables sont dans la carte, avec leur catégorie.",
            f"All {count(columns).en} columns of {facts['tables']} tables are in the map, with their category.",
        ),
    )


def enforced(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001 - the protocol's name
    """What the map compiles to is in force: row security, keys, capture, rights."""
    facts = run.facts
    different: Sequence[Any] = facts["different"]  # type: ignore[assignment]
    number, tables = int(str(facts["differences"])), int(str(facts["protected"]))
    if number:
        words = change.WORDS.get(change.Kind(str(different[0]["kind"])), Text("{} diffère de la carte", "{} differs from the map"))
        subject = str(different[0]["subject"])
        fr, en = words.fr.format(subject), words.en.format(subject)
        sentence = Text(f"{fr[0].upper()}{fr[1:]}.", f"{en[0].upper()}{en[1:]}.")
        return Finding(False, count(number), Text("écarts avec la carte", "differences from the map"), sentence)
    return Finding(
        True,
        count(tables),
        Text("tables cloisonnées", "isolated tables"),
        Text(
            f"Sur {tables} tables, la sécurité par ligne, les clés et les droits sont ceux que dit la carte.",
            f"On {tables} tables, row security, keys and rights are those of the map.",
        ),
    )


def engine(promise: Promise, run: Evidence) -> Finding:
    """CIR-19, CIR-20, EHQ-30, EHQ-31: the engine that answers is the one that the sentence names, at the provider that it names."""
    stores: Mapping[str, Any] = run.facts["stores"]  # type: ignore[assignment]
    absent: Sequence[Any] = run.facts["absent"]  # type: ignore[assignment]
    wanted, ends = wanted_engines(promise), wanted_provider(promise)
    named = NAMES.get(wanted[0], wanted[0])
    words = Text(f"lieux de données sous {named}", f"stores on {named}")
    good = [name for name, seen in stores.items() if _engine(seen) in wanted and str(seen["host"]).endswith(ends)]
    number = ratio(len(good), len(stores))
    for name, seen in sorted(stores.items()):
        if name in good or not seen["seen"]:
            continue
        found = NAMES.get(_engine(seen), _engine(seen))
        if _engine(seen) not in wanted:
            what = Text("dans des fichiers", "in files") if found == "–" else Text(f"sous {found}", f"on {found}")
            return Finding(
                False, number, words, Text(f"« {name} » est {what.fr}, et non sous {named}.", f"“{name}” is {what.en}, not on {named}.")
            )
        elsewhere = Text(
            f"« {name} » est sous {named}, mais pas chez le fournisseur nommé ({ends}).",
            f"“{name}” is on {named}, but not at the named provider ({ends}).",
        )
        return Finding(False, number, words, elsewhere)
    if absent:
        listed = ", ".join(map(str, absent))
        return Finding(
            None,
            number,
            words,
            Text(f"La carte ne nomme aucun lieu de cette sorte : {listed}.", f"The map names no store of this kind: {listed}."),
        )
    silent = [name for name in stores if name not in good]
    if silent:
        return Finding(None, number, words, Text(f"« {silent[0]} » ne répond pas.", f"“{silent[0]}” does not answer."))
    if any(str(seen["seen"]).startswith("map:") for seen in stores.values()):  # the map's word alone: nothing was seen
        said = Text(
            f"La carte place ces données sous {named}, mais rien ne l’a constaté.",
            f"The map puts these data on {named}, but nothing has seen it.",
        )
        return Finding(None, number, words, said)
    said = Text(f"Ce qui répond est {named}, reconnu à ses premiers octets.", f"What answers is {named}, known by its first bytes.")
    return Finding(True, number, words, said)


def closed(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001 - the protocol's name
    """EHQ-31: nobody without rights reads a bucket."""
    buckets: Mapping[str, Any] = run.facts["buckets"]  # type: ignore[assignment]
    words = Text("dépôts fermés aux inconnus", "buckets closed to strangers")
    shut = 0
    for name, seen in sorted(buckets.items()):
        for what, status in (("listing", seen["listing"]), ("object", seen["object"])):
            if status is not None and int(status) in OPEN:
                said = Text("sa liste", "its listing") if what == "listing" else Text("un objet", "an object")
                return Finding(
                    False,
                    ratio(shut, len(buckets)),
                    words,
                    Text(f"« {name} » donne {said.fr} à qui n’a aucun droit.", f"“{name}” gives {said.en} to somebody without rights."),
                )
        if seen["granted"]:
            return Finding(
                False,
                ratio(shut, len(buckets)),
                words,
                Text(f"La liste d’accès de « {name} » nomme tout le monde.", f"The access list of “{name}” names everybody."),
            )
        shut += {seen["listing"], seen["object"]} <= SHUT
    if shut < len(buckets):
        return Finding(
            None,
            ratio(shut, len(buckets)),
            words,
            Text(
                "Un dépôt n’a pas répondu comme il le devrait, ou la mesure n’a pas le droit d’y lire un nom d’objet.",
                "A bucket did not answer as it should, or the measure has no right to read the name of an object in it.",
            ),
        )
    return Finding(
        True,
        ratio(shut, len(buckets)),
        words,
        Text(
            "Ni la liste ni un objet ne sont donnés à qui n’a aucun droit, et la liste d’accès ne nomme personne d’autre.",
            "Neither the listing nor an object is given to somebody without rights, and the access list names nobody else.",
        ),
    )


def _engine(seen: Mapping[str, Any]) -> str:
    return str(seen["seen"]).removeprefix("map:")
