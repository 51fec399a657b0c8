"""Whether what lies on disk lies under an encrypted volume (CIR-25). Pure.

- Every place must be seen, and each must be encrypted all the way down: one clear place breaks the promise.
- What this machine cannot see is no answer: a provider's word is an attestation, not a measure.
- A place in memory holds nothing when the machine stops; what memory is written out to (swap) is a place of its own.
"""

from collections.abc import Mapping

from garant.kernel.canonical import Json
from garant.kernel.promise import Evidence, Finding, Promise
from garant.kernel.text import NBSP, Text, count, same

CLEAR, UNSEEN, ENCRYPTED, MEMORY, PROVIDER = "clear", "unseen", "encrypted", "memory", "provider"

NAMES = {
    "postgresql": Text("la base de données", "the database"),
    "tablespaces": Text("un espace de tables", "a tablespace"),
    "attachments": Text("les fichiers de l’application", "the application’s files"),
    "keys": Text("le magasin de clés", "the key store"),
    "secrets": Text("les secrets", "the secrets"),
    "logs": Text("les journaux", "the logs"),
    "temporary": Text("les fichiers temporaires", "temporary files"),
    "swap": Text("la mémoire d’échange", "swap"),
}


def judge(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001 - the judge's shape
    """data.volume: every place encrypted, none clear, none unseen."""
    states = _states(run.facts)
    clear, unseen = _in(states, CLEAR), _in(states, UNSEEN, PROVIDER)
    encrypted = _in(states, ENCRYPTED)
    if clear:
        return Finding(
            False,
            count(len(clear)),
            Text(f"emplacement{'s' if len(clear) > 1 else ''} en clair", f"place{'s' if len(clear) > 1 else ''} in clear"),
            Text(f"En clair sur le disque{NBSP}: {_named(clear).fr}.", f"In clear on the disk: {_named(clear).en}."),
        )
    if unseen or not encrypted:
        which = _named(unseen) if unseen else Text("aucun disque", "any disk")
        return Finding(
            None,
            same("–"),
            Text("hors de vue", "out of sight"),
            Text(
                f"De cette machine, on ne peut pas voir ce qui chiffre {which.fr}.",
                f"What encrypts {which.en} cannot be seen from this machine.",
            ),
        )
    return Finding(
        True,
        count(len(encrypted)),
        Text("emplacements sous dm-crypt", "places under dm-crypt"),
        Text(
            f"Chaque emplacement de données repose sur un volume chiffré{NBSP}: {_named(encrypted).fr}.",
            f"Every place of data lies on an encrypted volume: {_named(encrypted).en}.",
        ),
    )


def _states(facts: Mapping[str, Json]) -> dict[str, str]:
    places = facts.get("places")
    if not isinstance(places, Mapping):
        return {}
    return {name: str(seen.get("state")) for name, seen in places.items() if isinstance(seen, Mapping)}


def _in(states: Mapping[str, str], *wanted: str) -> list[str]:
    return [name for name, state in states.items() if state in wanted]


def _named(places: list[str]) -> Text:
    found = [NAMES.get(place.partition(":")[0], same(place)) for place in places]
    return Text(", ".join(dict.fromkeys(each.fr for each in found)), ", ".join(dict.fromkeys(each.en for each in found)))
