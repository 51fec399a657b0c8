"""Whether what the data map marks sensitive is under AES-256-GCM, key by key of its own organisation (AST-47, AST-48, EHQ-32). Pure.

- The canary's word, written through the application, must be nowhere in clear: one place is enough to break the promise.
- A sealed column holds envelopes and nothing else, and each names a key of the organisation whose row it is.
- No key that wraps others lies in a database.
- An organisation that chose no sealing when it was set up is left out, and counted.
- A column that nobody marked, an organisation that nobody has: nothing was looked at, and nothing is proven.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from garant.kernel.canonical import Json
from garant.kernel.promise import Evidence, Finding, Promise
from garant.kernel.text import NBSP, Text, count, same
from garant.sdk.envelope import AES_256_GCM, COMMITTING, COMMITTING_OVERHEAD, FORMAT, HEADER_BYTES, OVERHEAD

ALGORITHMS = {AES_256_GCM: "AES-256-GCM", COMMITTING: "AES-256-GCM, committing"}
SHORTEST = {AES_256_GCM: OVERHEAD, COMMITTING: COMMITTING_OVERHEAD}
WHERE = {
    "heap": Text("les fichiers de la base", "the database’s files"),
    "wal": Text("le journal de la base", "the database’s write-ahead log"),
    "dump": Text("une copie SQL de la base", "a dump of the database"),
    "files": Text("les fichiers de l’application", "the application’s files"),
    "logs": Text("les journaux", "the logs"),
}
NEEDED = ("heap", "wal", "dump", "files")
"""Where the word must have been looked for."""


@dataclass(frozen=True)
class Envelope:
    """What the first bytes of a sealed value say."""

    algorithm: str
    key: uuid.UUID


def envelope(head: bytes, length: int) -> Envelope | None:
    """The envelope that begins so, None when it is none."""
    if len(head) < HEADER_BYTES or head[0] != FORMAT or length < SHORTEST.get(head[1], length + 1):
        return None
    return Envelope(ALGORITHMS[head[1]], uuid.UUID(bytes=bytes(head[2:HEADER_BYTES])))


def judge(promise: Promise, run: Evidence) -> Finding:
    """data.sealed, by its aspect: `sensitive` (AST-47), `chosen` (AST-48), `algorithm` (EHQ-32)."""
    problems = _problems(run.facts)
    values = _int(run.facts, "values")
    words = Text("valeurs scellées", "values sealed")
    if problems:
        fr, en = "; ".join(each.fr for each in problems), "; ".join(each.en for each in problems)
        return Finding(
            False,
            count(len(problems)),
            Text("défauts de scellement", "faults of sealing"),
            Text(f"Des données sensibles ne sont pas scellées{NBSP}: {fr}.", f"Sensitive data are not sealed: {en}."),
        )
    if why := _why_inconclusive(run.facts, str(promise.parameters.get("aspect"))):
        return Finding(None, same("–"), words, why)
    columns, off = _int(run.facts, "columns"), len(_list(run.facts, "off"))
    fr = (
        f"{count(columns).fr} colonnes sensibles ne tiennent que des enveloppes AES-256-GCM, sous la clé de chaque client; le mot d’essai "
        "n’est en clair ni dans la base, ni dans ses copies, ni dans les fichiers."
    )
    en = (
        f"{count(columns).en} sensitive columns hold AES-256-GCM envelopes only, under each customer’s key; the canary’s word is in clear "
        "neither in the database, nor in its copies, nor in the files."
    )
    if off:
        fr += f" {count(off).fr} client{'s' if off > 1 else ''} n’en {'ont' if off > 1 else 'a'} pas voulu."
        en += f" {count(off).en} customer{'s' if off > 1 else ''} chose to do without."
    return Finding(True, count(values), words, Text(fr, en))


def _problems(facts: Mapping[str, Json]) -> list[Text]:
    found = [
        Text(
            f"le mot d’essai est en clair dans {WHERE.get(where, same(where)).fr}",
            f"the canary is in clear in {WHERE.get(where, same(where)).en}",
        )
        for where in _list(facts, "clear")
    ]
    found += [Text(f"{each} n’est pas une enveloppe", f"{each} is no envelope") for each in _list(facts, "plain")]
    found += [Text(f"{each} porte la clé d’un autre", f"{each} names another’s key") for each in _list(facts, "foreign")]
    found += [Text(f"{each} ne s’ouvre pas à sa place", f"{each} does not open in its place") for each in _list(facts, "moved")]
    found += [
        Text(f"une clé de clés est dans {WHERE.get(where, same(where)).fr}", f"a wrapping key is in {WHERE.get(where, same(where)).en}")
        for where in _list(facts, "keys")
    ]
    return found


def _why_inconclusive(facts: Mapping[str, Json], aspect: str) -> Text | None:
    if not _int(facts, "columns"):
        return Text("La carte des données ne marque aucune colonne à sceller.", "The data map marks no column as sealed.")
    missing = [where for where in NEEDED if where not in _list(facts, "read")]
    if missing:
        names = [WHERE[where] for where in missing]
        return Text(
            f"Le mot d’essai n’a pas pu être cherché dans {', '.join(each.fr for each in names)}.",
            f"The canary could not be looked for in {', '.join(each.en for each in names)}.",
        )
    errors = facts.get("errors")
    if isinstance(errors, Mapping) and errors:  # a search that stopped half-way found nothing for that reason alone
        parts = ", ".join(sorted(map(str, errors)))
        return Text(f"Une recherche n’a pas pu être menée à son terme{NBSP}: {parts}.", f"A search could not be completed: {parts}.")
    if not _int(facts, "opened"):
        return Text(
            "La personne d’essai n’a rien pu relire de ce qu’elle a fait sceller.",
            "The canary could read back nothing of what it had sealed.",
        )
    if aspect == "chosen" and not _int(facts, "on"):
        return Text("Aucun client n’a choisi le scellement.", "No customer chose sealing.")
    return None


def _list(facts: Mapping[str, Json], name: str) -> list[str]:
    found = facts.get(name)
    return [str(each) for each in found] if isinstance(found, list | tuple) else []


def _int(facts: Mapping[str, Json], name: str) -> int:
    found = facts.get(name)
    return found if isinstance(found, int) else 0


def columns_named(columns: Sequence[tuple[str, str]]) -> list[str]:
    """`table.column`, as facts name them."""
    return [f"{table}.{column}" for table, column in columns]
