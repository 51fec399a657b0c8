"""Whether two organisations that share the platform are apart (CIR-05). Pure.

- One thing that got through, by whatever way, breaks the promise, even where another way could not be tried.
- What the catalogue or the data map says against isolation breaks it too, before anybody walks through.
- A way on which nothing of one's own could be read proves nothing: a refusal of everything is no isolation.
"""

from collections.abc import Mapping, Sequence

from garant.data.policy.compile.change import WORDS, Kind
from garant.kernel.canonical import Json
from garant.kernel.promise import Evidence, Finding, Promise
from garant.kernel.text import NBSP, Text, count, same

NAMES = {
    "edge": Text("la porte publique", "the public door"),
    "database": Text("la base de l’application", "the application’s database"),
    "own_tables": Text("les tables de Garant", "Garant’s own tables"),
    "keys": Text("les clés", "the keys"),
    "exports": Text("l’export du journal", "the journal’s export"),
}
WALLS = frozenset(
    {
        Kind.ROLE_BYPASSES,
        Kind.ROLE_OWNS,
        Kind.SCHEMA,
        Kind.FUNCTION,
        Kind.SECURITY_OFF,
        Kind.NOT_FORCED,
        Kind.POLICY,
        Kind.FOREIGN_POLICY,
        Kind.GRANTED,
        Kind.SEQUENCE,
        Kind.VIEW,
        Kind.MATERIALIZED,
        Kind.UNIQUE,
        Kind.REFERENCE,
        Kind.DEFINER,
    }
)
"""Differences between the data map and its database that open a way from one organisation to another."""
SHOWN = 3
"""Things that a sentence names before it counts the rest."""


def judge(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001 - the judge's shape
    """data.isolation: nothing of the other got through, and everything of one's own was seen."""
    ways = _ways(run.facts)
    through = [f"{_name(way).en}: {each}" for way, facts in ways.items() for each in _list(facts, "through")]
    through_fr = [f"{_name(way).fr}{NBSP}: {each}" for way, facts in ways.items() for each in _list(facts, "through")]
    faults = [_fault(each) for each in _list(run.facts, "faults")]
    tries = sum(_int(facts, "tries") for facts in ways.values())
    words = Text(f"passage sur {count(tries).fr} essais", f"let through in {count(tries).en} tries")
    if through:
        reason = Text(
            f"Une organisation d’essai a atteint l’autre{NBSP}: {_few(through_fr).fr}.",
            f"One canary organisation reached the other: {_few(through).en}.",
        )
        return Finding(False, count(len(through)), words, reason)
    if faults:
        reason = Text(
            f"Ce qui sépare les organisations n’est plus en place{NBSP}: {_few([each.fr for each in faults]).fr}.",
            f"What keeps organisations apart is no longer in place: {_few([each.en for each in faults]).en}.",
        )
        return Finding(False, count(len(faults)), Text("défauts de cloisonnement", "faults of isolation"), reason)
    if why := _why_inconclusive(ways, run.facts):
        return Finding(None, same("–"), words, why)
    reached = Text(
        ", ".join(_name(way).fr for way in ways) or "rien",
        ", ".join(_name(way).en for way in ways) or "nothing",
    )
    return Finding(
        True if tries else None,
        count(0),
        words,
        Text(
            f"Deux organisations d’essai n’ont rien pu lire ni changer l’une de l’autre, par {reached.fr}. "
            "Aucune sauvegarde n’est faite par cette version, et aucune n’a donc été essayée.",
            f"Two canary organisations could read and change nothing of each other, by {reached.en}. "
            "This version makes no backups, so none was tried.",
        ),
    )


def _why_inconclusive(ways: Mapping[str, Mapping[str, Json]], facts: Mapping[str, Json]) -> Text | None:
    errors = facts.get("errors")
    if isinstance(errors, Mapping) and errors:
        way, said = sorted(errors.items())[0]
        return Text(
            f"{_name(way).fr} n’a pas pu être essayée (en anglais{NBSP}: {said}).",
            f"{_name(way).en} could not be tried: {said}.",
        )
    silent = [way for way, each in ways.items() if not _int(each, "witness") or _list(each, "blind")]
    if silent:
        return Text(
            f"Par {_name(silent[0]).fr}, une organisation d’essai n’a pas pu lire ce qui est à elle{NBSP}: un refus n’y prouve rien.",
            f"By {_name(silent[0]).en}, a canary organisation could not read what is its own: a refusal proves nothing there.",
        )
    unclear = [f"{each}" for facts_ in ways.values() for each in _list(facts_, "unclear")]
    if unclear:
        return Text(
            f"Des essais sont restés sans réponse{NBSP}: {_few(unclear).fr}.",
            f"Some tries got no answer: {_few(unclear).en}.",
        )
    return None


def _fault(said: str) -> Text:
    """`kind subject`, in words."""
    kind, _, subject = said.partition(" ")
    words = next((WORDS[each] for each in Kind if each.value == kind), None)
    return Text(words.fr.format(subject), words.en.format(subject)) if words else same(said)


def _ways(facts: Mapping[str, Json]) -> dict[str, Mapping[str, Json]]:
    found = facts.get("ways")
    return {way: each for way, each in found.items() if isinstance(each, Mapping)} if isinstance(found, Mapping) else {}


def _name(way: str) -> Text:
    return NAMES.get(way, same(way))


def _few(found: Sequence[str]) -> Text:
    shown, more = ", ".join(found[:SHOWN]), len(found) - SHOWN
    if more <= 0:
        return same(shown)
    return Text(f"{shown}, et {count(more).fr} de plus", f"{shown}, and {count(more).en} more")


def _list(facts: Mapping[str, Json], name: str) -> list[str]:
    found = facts.get(name)
    return [str(each) for each in found] if isinstance(found, list | tuple) else []


def _int(facts: Mapping[str, Json], name: str) -> int:
    found = facts.get(name)
    return found if isinstance(found, int) else 0
