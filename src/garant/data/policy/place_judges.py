"""What the facts about places say. Pure: promise and facts in, finding out.

A place that nobody knows, and a place for which nobody vouches, are no answer: the sentence is then unproven, neither kept nor broken.
What a supplier says is a word until a date: such a finding makes its measure attested, never kept.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from garant.data.policy.places import NOON
from garant.data.policy.reality import Difference, words
from garant.kernel.promise import Evidence, Finding, Promise, Word
from garant.kernel.text import Text, count, ratio


def placed(promise: Promise, evidence: Evidence) -> Finding:  # noqa: ARG001 - the shape of a judge
    """The register: every store in scope is where the sentence says, and no customer's data are where they may not be."""
    facts: Mapping[str, Any] = evidence.facts
    wrong, abroad, unknown = list(facts["misplaced"]), list(facts["abroad"]), list(facts["unknown"])
    number, said = _headline(evidence.checked)
    if wrong:
        one = wrong[0]
        more = f" (+{len(wrong) - 1})" if len(wrong) > 1 else ""
        found, wanted = one["found"] or "–", one["wanted"]
        return Finding(
            False,
            count(len(wrong)),
            Text("hors du lieu promis", "outside the promised place"),
            Text(
                f"Au registre, {one['store']} est à {found}{more}; la phrase dit {wanted}.",
                f"In the register, {one['store']} is in {found}{more}; the sentence says {wanted}.",
            ),
        )
    if abroad:
        one = abroad[0]
        return Finding(
            False,
            count(len(abroad)),
            Text("placement interdit", "forbidden placement"),
            Text(
                f"{one['store']} sert {one['customer']}, dont les données ne peuvent pas être là.",
                f"{one['store']} serves {one['customer']}, whose data may not be there.",
            ),
        )
    if facts["unlisted"]:
        one = facts["unlisted"][0]
        return Finding(
            False,
            count(len(facts["unlisted"])),
            Text("catégorie hors du registre", "category outside the register"),
            Text(
                f"La carte des données place {one['category']} dans un dépôt ({one['kind']}); le registre ne dit pas que cela y aboutit.",
                f"The data map puts {one['category']} into a store ({one['kind']}); the register does not say that it lands there.",
            ),
        )
    if unknown:
        reason = Text(f"Personne n’a dit dans quel pays se trouve {unknown[0]}.", f"Nobody has said in which country {unknown[0]} is.")
        return Finding(None, number, said, reason)
    return Finding(
        True,
        number,
        said,
        Text(
            "Au registre, chaque dépôt visé est là où la phrase le dit; une cible étrangère plantée a été refusée.",
            "In the register, every store in scope is where the sentence says; a planted target abroad was refused.",
        ),
    )


def observed(promise: Promise, evidence: Evidence) -> Finding:  # noqa: ARG001 - the shape of a judge
    """Reality: what was looked at is where the register says."""
    differences = _differences(evidence.facts)
    if differences:
        headline = Text("différence avec le registre", "difference from the register")
        return Finding(False, count(len(differences)), headline, _capital(words(differences)))
    number, said = _headline(evidence.checked)
    reason = Text("Ce qui a été regardé est là où le registre le dit.", "What was looked at is where the register says.")
    return Finding(True, number, said, reason)


def vouched(promise: Promise, evidence: Evidence) -> Finding:  # noqa: ARG001 - the shape of a judge
    """The word of those who vouch for the places: attested until the first of them ends."""
    told: Sequence[Mapping[str, Any]] = evidence.facts["words"]  # type: ignore[assignment]
    missing: Sequence[Any] = evidence.facts["missing"]  # type: ignore[assignment]
    number, said = ratio(len(told), len(told) + len(missing)), Text("lieux attestés", "places attested")
    if missing or not told:
        name = missing[0] if missing else "–"
        return Finding(None, number, said, Text(f"Personne ne se porte garant du lieu de {name}.", f"Nobody vouches for where {name} is."))
    first = min(told, key=lambda each: str(each["until"]))
    until = datetime.combine(datetime.fromisoformat(first["until"]).date(), NOON, UTC)
    who = ", ".join(sorted({str(each["by"]) for each in told}))
    paper = str(first["document"])
    reason = Text(
        f"Attesté par {who} (document SHA-256 {paper[:16]}…, jusqu’au {first['until']}).",
        f"Attested by {who} (document SHA-256 {paper[:16]}…, until {first['until']}).",
    )
    return Finding(True, number, said, reason, Word(who, paper, until))


def site(promise: Promise, evidence: Evidence) -> Finding:
    """The site: it is the one that the sentence names, our processes run there (or, for a second one, its stores answer there)."""
    facts: Mapping[str, Any] = evidence.facts
    sites: Sequence[Mapping[str, Any]] = facts["sites"]
    number, said = count(len(sites)), Text("site au registre", "site in the register")
    wrong = [each for each in sites if each["wrong"]]
    if wrong:
        one = wrong[0]
        wanted = promise.parameters.get(str(one["wrong"]), "–")
        return Finding(
            False,
            number,
            said,
            Text(
                f"Le site {one['site']} est à {one[one['wrong']] or '–'}; la phrase dit {wanted}.",
                f"The site {one['site']} is in {one[one['wrong']] or '–'}; the sentence says {wanted}.",
            ),
        )
    differences = _differences(facts)
    if differences:
        return Finding(False, number, said, _capital(words(differences)))
    unsaid = next((each["site"] for each in sites if each["unsaid"]), "")
    if unsaid:
        reason = Text(f"Le registre ne dit pas où se trouve le site {unsaid}.", f"The register does not say where the site {unsaid} is.")
        return Finding(None, number, said, reason)
    return Finding(True, number, said, Text("Ce qui a été regardé est à ce site.", "What was looked at is at this site."))


def spoken(promise: Promise, evidence: Evidence) -> Finding:  # noqa: ARG001 - the shape of a judge
    """Outgoing connections: each goes to a registered store, in an allowed country."""
    differences = _differences(evidence.facts)
    number, said = count(len(differences)), Text("connexion hors du registre", "connection outside the register")
    if differences:
        return Finding(False, number, said, _capital(words(differences)))
    reason = Text(
        "Nos processus ne parlent qu’à des machines du registre, dans un pays permis.",
        "Our processes speak only to machines of the register, in an allowed country.",
    )
    return Finding(True, number, said, reason)


def edge(promise: Promise, evidence: Evidence) -> Finding:  # noqa: ARG001 - the shape of a judge
    """Public addresses: each answer of the name servers lies at an allowed site."""
    differences = _differences(evidence.facts)
    if differences:
        return Finding(False, count(len(differences)), Text("adresse ailleurs", "address elsewhere"), _capital(words(differences)))
    number, said = count(evidence.checked), Text("noms publics vérifiés", "public names checked")
    reason = Text("Chaque nom public mène à un site permis.", "Every public name leads to an allowed site.")
    return Finding(True, number, said, reason)


def jurisdiction(promise: Promise, evidence: Evidence) -> Finding:  # noqa: ARG001 - the shape of a judge
    """Backups and operation: the same countries."""
    facts: Mapping[str, Any] = evidence.facts
    apart: Sequence[Mapping[str, Any]] = facts["apart"]
    number, said = _headline(evidence.checked)
    if apart:
        one = apart[0]
        return Finding(
            False,
            count(len(apart)),
            Text("sous une autre juridiction", "under another jurisdiction"),
            Text(
                f"La sauvegarde {one['store']} est sous la juridiction {one['found']}; l’exploitation est sous {one['wanted']}.",
                f"The backup {one['store']} is under the jurisdiction {one['found']}; operation is under {one['wanted']}.",
            ),
        )
    if facts["unknown"]:
        name = facts["unknown"][0]
        reason = Text(f"Personne n’a dit dans quel pays se trouve {name}.", f"Nobody has said in which country {name} is.")
        return Finding(None, number, said, reason)
    reason = Text(
        "Les sauvegardes et l’exploitation relèvent de la même juridiction.", "Backups and operation are under the same jurisdiction."
    )
    return Finding(True, number, said, reason)


def tenants(promise: Promise, evidence: Evidence) -> Finding:
    """Customers of one country: each may be nowhere but in the promised regions, and the stores that serve them are there."""
    facts: Mapping[str, Any] = evidence.facts
    outside: Sequence[Mapping[str, Any]] = facts["outside"]
    number, said = count(evidence.checked), Text("clients de ce pays", "customers of that country")
    if outside:
        one = outside[0]
        regions = ", ".join(one["regions"]) or "–"
        return Finding(
            False,
            count(len(outside)),
            Text("placement hors de la promesse", "placement outside the promise"),
            Text(
                f"{one['customer']} peut être placé dans : {regions}, hors de la région promise.",
                f"{one['customer']} may be placed in: {regions}, outside the promised region.",
            ),
        )
    found = placed(promise, evidence)
    return Finding(found.holds, number if found.holds else found.number, said if found.holds else found.words, found.reason)


def _headline(checked: int) -> tuple[Text, Text]:
    return count(checked), Text("dépôts vérifiés", "stores checked")


def _differences(facts: Mapping[str, Any]) -> list[Difference]:
    return [Difference(each["store"], each["what"], each["seen"], each["expected"]) for each in facts["differences"]]


def _capital(text: Text) -> Text:
    return Text(text.fr[0].upper() + text.fr[1:], text.en[0].upper() + text.en[1:])
