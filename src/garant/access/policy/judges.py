"""What the facts of each access measure say. Pure: promise and evidence in, a finding with its reason out.

A count that the facts lack reads as none, which is no answer (`holds=None`); a list that they lack is a defect of the engine and
raises KeyError. Neither is ever a yes.
"""

from collections.abc import Mapping, Sequence

from garant.kernel.canonical import Json
from garant.kernel.promise import Evidence, Finding, Promise
from garant.kernel.text import NBSP, Text, count, ratio

WEIGHT = 30_720
"""Bytes that a page may weigh, as sent (30 KB)."""

FAULTS = {
    "no_cookie": Text("aucun témoin de session n’a été posé", "no session cookie was set"),
    "not_identifier": Text(
        "le témoin de session contient autre chose qu’un identifiant", "the session cookie holds more than an identifier"
    ),
    "marks": Text("le témoin de session n’est pas restreint comme il se doit", "the session cookie is not restricted as it should be"),
    "lasting": Text("le témoin de session survit au navigateur", "the session cookie outlives the browser"),
    "alive_after": Text("la session répondait encore après la déconnexion", "the session still answered after sign-out"),
    "name": Text("un témoin contient le nom d’utilisateur", "a cookie holds the user name"),
    "password": Text("un témoin contient le mot de passe", "a cookie holds the password"),
    "id": Text("un témoin contient l’identifiant de la personne", "a cookie holds the person’s identifier"),
    "unlisted": Text("un témoin n’est pas à l’inventaire", "a cookie is not in the inventory"),
    "short": Text("un identifiant est trop court", "an identifier is too short"),
    "not_rotated": Text("l’identifiant n’a pas changé à une étape de la connexion", "the identifier did not change at a step of the login"),
    "fixed": Text("un identifiant choisi par le visiteur a été accepté", "an identifier chosen by the visitor was accepted"),
    "repeated": Text("deux visiteurs ont reçu le même identifiant", "two visitors were given the same identifier"),
    "not_opened": Text("l’adresse n’a pas été ouverte à temps", "the address was not opened in time"),
    "not_closed": Text("l’adresse n’a pas été refermée à temps", "the address was not closed again in time"),
    "does_not_end": Text("l’ouverture ne prend pas fin d’elle-même", "the opening does not end by itself"),
    "not_logged": Text("le changement n’a pas été consigné", "the change was not logged"),
    "not_filed": Text("la demande n’a pas été reçue", "the request was not taken"),
}

OF_EVERYBODY = ("tenant_data", "tenant_url")
"""Aspects of sentences that say something of every customer; the others say what a customer may have."""

NETWORK_WORDS = {
    "tenant_data": Text("d’une adresse hors liste\N{NO-BREAK SPACE}: toujours le refus.", "from an unlisted address: always the refusal."),
    "tenant_url": Text(
        "d’une adresse hors liste\N{NO-BREAK SPACE}: toujours le refus, page de connexion comprise.",
        "from an unlisted address: always the refusal, the sign-in page included.",
    ),
    "allow": Text(
        "d’une adresse hors liste, refusée, et d’une adresse permise, admise.",
        "from an unlisted address, refused, and from an allowed one, let in.",
    ),
    "deny": Text("d’une plage refusée\N{NO-BREAK SPACE}: toujours le refus.", "from a refused range: always the refusal."),
}

COOKIE_WORDS = {
    "opaque": Text(
        "seul un identifiant au hasard, sans effet après la déconnexion", "a random identifier only, of no effect after sign-out"
    ),
    "no_credentials": Text("ni nom d’utilisateur ni mot de passe, même décodés", "neither user name nor password, decoded values included"),
    "nothing_else": Text("aucun témoin hors de l’inventaire", "no cookie outside the inventory"),
    "identifiers": Text("des identifiants longs, renouvelés à chaque étape", "long identifiers, new at each step"),
}


def network(promise: Promise, run: Evidence) -> Finding:
    """access.network: nothing passes that should be refused, and nothing is shut that should pass."""
    passes, shut, tries = _list(run.facts, "passes"), _list(run.facts, "shut"), _int(run.facts, "tries")
    number = count(len(passes))
    words = Text(f"passage sur {count(tries).fr} essais", f"let through in {count(tries).en} tries")
    if passes:
        return Finding(
            False,
            number,
            words,
            Text(
                f"Une adresse qui devait être refusée a été admise{NBSP}: {_where(passes)}.",
                f"An address that should have been refused was let in: {_where(passes)}.",
            ),
        )
    if shut:
        return Finding(
            False,
            count(len(shut)),
            words,
            Text(f"Une adresse permise a été refusée{NBSP}: {_where(shut)}.", f"An allowed address was refused: {_where(shut)}."),
        )
    tenants, without = _int(run.facts, "tenants"), _int(run.facts, "without_list")
    if without and promise.parameters.get("aspect") in OF_EVERYBODY:
        listless = Text("sans liste d’adresses", "without an address list")
        return Finding(False, count(without), listless, _no_list(without, tenants + without, _marks(run.facts, "open")))
    if unprobed := _int(run.facts, "unprobed"):
        return Finding(None, number, words, _unreached(unprobed, _marks(run.facts, "unreached")))
    said = NETWORK_WORDS.get(str(promise.parameters.get("aspect")), NETWORK_WORDS["tenant_data"])
    fr = f"{_clients_fr(tenants)} essayé{'s' if tenants > 1 else ''} {said.fr}"
    en = f"{_clients_en(tenants)} tried {said.en}"
    if without:
        fr += f" {_clients_fr(without)} sans liste d’adresses."
        en += f" {_clients_en(without)} without an address list."
    return Finding(True if tries else None, number, words, Text(fr, en))


def _marks(facts: Mapping[str, Json], name: str) -> str:
    """Marks of customers, in brackets; empty where an earlier version kept no such list: the count beside it is what is judged."""
    found = facts.get(name)
    return f" ({', '.join(str(each) for each in found)})" if isinstance(found, list) and found else ""


def _no_list(without: int, customers: int, marks: str) -> Text:
    number = ratio(without, customers)
    return Text(
        f"Sans liste d’adresses, toute adresse peut entrer{NBSP}: c’est le cas de {number.fr} clients{marks}. "
        "Leurs administrateurs donnent leurs adresses dans leur console, à la page Accès.",
        f"Without an address list every address may come in: so it is for {number.en} customers{marks}. "
        "Their administrators list their addresses in their console, on the page Access.",
    )


def _unreached(number: int, marks: str) -> Text:
    return Text(
        f"Chez {_clients_fr(number)}{marks}, aucune adresse de cette machine ne peut servir à l’essai{NBSP}: la liste les nomme toutes, "
        "ou n’en laisse entrer aucune.",
        f"At {_clients_en(number)}{marks} no address of this machine can be used for the trial: the list names all of them, or lets "
        "none of them in.",
    )


def address_request(promise: Promise, run: Evidence) -> Finding:
    """access.address_request: opened and closed again, within seconds; over a slow line too, with light pages."""
    problems = _list(run.facts, "problems")
    opened, closed = _int(run.facts, "opened_ms"), _int(run.facts, "closed_ms")
    number = Text(_seconds(opened).fr, _seconds(opened).en)
    words = Text("avant que l’adresse soit admise", "until the address is let in")
    if problems:
        return Finding(False, number, words, _fault("L’essai a échoué", "The drill failed", problems))
    if promise.parameters.get("aspect") == "cellular":
        heaviest = _int(run.facts, "heaviest_bytes")
        if not heaviest:
            return Finding(None, number, words, Text("Aucune page n’a été pesée.", "No page was weighed."))
        size = Text(f"{count(heaviest // 1024).fr}{NBSP}Ko", f"{count(heaviest // 1024).en} KB")
        weight = Text("page la plus lourde sur un réseau cellulaire lent", "heaviest page over a slow cellular line")
        if heaviest > WEIGHT:
            return Finding(
                False,
                size,
                weight,
                Text("Une page dépasse le poids promis de 30\N{NO-BREAK SPACE}Ko.", "A page is heavier than the promised 30 KB."),
            )
        slowest = _seconds(_int(run.facts, "slowest_ms"))
        return Finding(
            True,
            size,
            weight,
            Text(
                f"Demandée sur une ligne cellulaire lente, une adresse a été ouverte en {_seconds(opened).fr}; "
                f"la page la plus lente est venue en {slowest.fr}.",
                f"Asked for over a slow cellular line, an address was open in {_seconds(opened).en}; "
                f"the slowest page came in {slowest.en}.",
            ),
        )
    return Finding(
        True,
        number,
        words,
        Text(
            f"Une adresse de plus a été ouverte en {_seconds(opened).fr}, puis refermée en {_seconds(closed).fr}, et consignée.",
            f"A further address was opened in {_seconds(opened).en}, then closed in {_seconds(closed).en}, and logged.",
        ),
    )


def login(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001
    """access.login: no page with data answers without a session."""
    open_, asked = _list(run.facts, "open"), _int(run.facts, "asked")
    words = Text(f"page ouverte sur {count(asked).fr} demandes sans session", f"page open in {count(asked).en} requests without a session")
    if open_:
        return Finding(
            False,
            count(len(open_)),
            words,
            Text(f"Une page a répondu sans connexion{NBSP}: {_where(open_)}.", f"A page answered without signing in: {_where(open_)}."),
        )
    public = ", ".join(str(path) for path in _list(run.facts, "public")) or "–"
    return Finding(
        True if asked else None,
        count(0),
        words,
        Text(
            f"Sans session, tout mène à la page de connexion. Pages publiques de l’application{NBSP}: {public}.",
            f"Without a session everything leads to the sign-in page. Public pages of the application: {public}.",
        ),
    )


def session_cookie(promise: Promise, run: Evidence) -> Finding:
    """access.session_cookie: no fault of the aspect in any cookie of a whole visit."""
    faults, lines = _list(run.facts, "faults"), _int(run.facts, "set_cookie_lines")
    words = Text(f"défaut dans {count(lines).fr} témoins examinés", f"fault in {count(lines).en} cookies examined")
    if faults:
        return Finding(False, count(len(faults)), words, _fault("Défaut trouvé", "Fault found", faults))
    aspect = str(promise.parameters.get("aspect", "opaque"))
    found = COOKIE_WORDS.get(aspect)
    if not lines or found is None:
        return Finding(None, count(0), words, Text("Aucun témoin n’a été vu.", "No cookie was seen."))
    bits = _int(run.facts, "identifier_bits")
    if aspect == "identifiers":
        number, words = (
            Text(f"{count(bits).fr}{NBSP}bits", f"{count(bits).en} bits"),
            Text("par identifiant de session", "per session identifier"),
        )
        return Finding(True, number, words, _tried(run, found))
    return Finding(True, count(0), words, _tried(run, found))


def roles(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001 - one signature for all judges
    """access.roles: a person gets what their roles give and nothing else."""
    open_, asked = _list(run.facts, "open"), _int(run.facts, "asked")
    words = Text(f"passage sans droit sur {count(asked).fr} essais", f"let through without a right in {count(asked).en} tries")
    if open_:
        return Finding(
            False,
            count(len(open_)),
            words,
            Text(
                f"Une personne sans droit a été admise{NBSP}: {_where(open_)}.", f"A person without the right was let in: {_where(open_)}."
            ),
        )
    return Finding(
        True if asked else None,
        count(0),
        words,
        Text(
            "Sans rôle, tout est refusé; un membre n’atteint ni la console ni ce qui demande un autre rôle.",
            "Without a role everything is refused; a member reaches neither the console nor what asks for another role.",
        ),
    )


def self_administration(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001
    """access.self_administration: the console answers the tenant's administrator and nobody else."""
    shut, open_, pages = _list(run.facts, "shut"), _list(run.facts, "open"), _int(run.facts, "pages")
    number, words = count(pages), Text("pages de gestion des accès", "pages to run access")
    if shut:
        return Finding(
            False,
            number,
            words,
            Text(
                f"Une page de gestion n’a pas répondu à l’administrateur d’un client{NBSP}: {_where(shut)}.",
                f"An administration page did not answer a customer’s administrator: {_where(shut)}.",
            ),
        )
    if open_:
        return Finding(
            False,
            number,
            words,
            Text(
                f"Une page de gestion a répondu à un simple membre{NBSP}: {_where(open_)}.",
                f"An administration page answered a mere member: {_where(open_)}.",
            ),
        )
    return Finding(
        True if pages else None,
        number,
        words,
        Text(
            "L’administrateur de chaque client gère lui-même personnes, rôles, adresses et sessions; un membre ne le peut pas.",
            "Each customer’s administrator runs people, roles, addresses and sessions; a member cannot.",
        ),
    )


def unique_credentials(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001
    """access.unique_credentials: constraints present, no duplicate, a duplicate refused when tried."""
    duplicates, people = _int(run.facts, "duplicates"), _int(run.facts, "people")
    missing = ", ".join(str(name) for name in _list(run.facts, "missing_constraints"))
    number, words = count(duplicates), Text(f"doublon parmi {count(people).fr} comptes", f"duplicate among {count(people).en} accounts")
    if missing:
        return Finding(
            False,
            number,
            words,
            Text(f"La base n’impose plus l’unicité{NBSP}: {missing}.", f"The database no longer enforces uniqueness: {missing}."),
        )
    if duplicates or run.facts.get("duplicate_refused") is not True:
        return Finding(
            False,
            number,
            words,
            Text("Deux comptes d’un même client peuvent porter le même nom.", "Two accounts of one customer can bear the same name."),
        )
    return Finding(
        True if people else None,
        number,
        words,
        Text(
            "Un nom d’utilisateur ne sert qu’à une personne, un mot de passe qu’à un compte; un doublon essayé a été refusé.",
            "A user name serves one person, a password one account; a duplicate that was tried was refused.",
        ),
    )


def factor_default(promise: Promise, run: Evidence) -> Finding:
    """access.factor_default: required from the start, codes as Microsoft Authenticator computes them, enrolment before anything."""
    right, vectors = _int(run.facts, "vectors_right"), _int(run.facts, "vectors")
    led, asked = _int(run.facts, "led_to_enrolment"), _int(run.facts, "asked")
    number, words = ratio(right, vectors), Text("valeurs de la RFC 6238 reconnues", "values of RFC 6238 recognised")
    if run.facts.get("new_tenant_rule") != "required":
        return Finding(
            False,
            number,
            words,
            Text("Un nouveau client ne commence pas avec un second facteur.", "A new customer does not start with a second factor."),
        )
    wanted = {name: run.facts.get(name) for name in ("algorithm", "digits", "period_seconds")}
    differing = [name for name, value in wanted.items() if promise.parameters.get(name, value) != value]
    if right != vectors or differing or run.facts.get("plain_uri") is not True:
        return Finding(
            False,
            number,
            words,
            Text(
                "Les codes ne sont pas ceux que Microsoft Authenticator calcule.",
                "The codes are not those that Microsoft Authenticator computes.",
            ),
        )
    if led != asked:
        return Finding(
            False,
            number,
            words,
            Text(
                "Une personne sans second facteur n’a pas été menée à l’inscription.",
                "A person without a second factor was not led to enrolment.",
            ),
        )
    if not asked:
        return Finding(
            None,
            number,
            words,
            Text("Aucune première connexion n’a pu être essayée.", "No first sign-in could be tried."),
        )
    return Finding(
        True if vectors else None,
        number,
        words,
        Text(
            "Le second facteur est exigé dès le départ, et le code à balayer est proposé à la première connexion.",
            "The second factor is required from the start, and the code to scan is shown at the first sign-in.",
        ),
    )


def factor_urged(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001
    """access.factor_urged: every organisation urges, the page is shown; the share is told, and is no condition."""
    enrolled, people = _int(run.facts, "enrolled"), _int(run.facts, "people")
    led, asked = _int(run.facts, "led_to_enrolment"), _int(run.facts, "asked")
    off = _list(run.facts, "not_urged")
    number, words = ratio(enrolled, people), Text("personnes ont un second facteur", "people have a second factor")
    if off:
        return Finding(
            False,
            number,
            words,
            Text(
                f"{_clients_fr(len(off))} n’incite{'nt' if len(off) > 1 else ''} plus au second facteur.",
                f"{_clients_en(len(off))} no longer urge{'s' if len(off) == 1 else ''} a second factor.",
            ),
        )
    if led != asked:
        return Finding(
            False,
            number,
            words,
            Text("La page qui incite au second facteur n’a pas été montrée.", "The page that urges a second factor was not shown."),
        )
    return Finding(
        True if asked else None,
        number,
        words,
        Text(
            "À la connexion, toute personne sans second facteur est menée à la page qui le propose.",
            "At sign-in, anyone without a second factor is led to the page that offers it.",
        ),
    )


def tenant_settings(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001
    """access.tenant_settings: each setting changes for one organisation by itself."""
    names, failed = _list(run.facts, "settings"), _list(run.facts, "failed")
    number, words = count(len(names)), Text("réglages propres à chaque client", "settings of each customer’s own")
    if failed:
        which = ", ".join(sorted({str(each.get("setting")) for each in failed if isinstance(each, Mapping)}))
        return Finding(False, number, words, Text(f"Réglage sans effet{NBSP}: {which}.", f"Setting without effect: {which}."))
    return Finding(
        True if names else None,
        number,
        words,
        Text(
            "Chaque client règle second facteur, durée des sessions, liaison au réseau et demandes d’adresse.",
            "Each customer sets second factor, length of sessions, binding to the network and address requests.",
        ),
    )


def _tried(run: Evidence, found: Text) -> Text:
    tenants = _int(run.facts, "tenants")
    return Text(
        f"Connexion d’essai chez {_clients_fr(tenants)}{NBSP}: {found.fr}.", f"Trial sign-in at {_clients_en(tenants)}: {found.en}."
    )


def _fault(fr: str, en: str, codes: Sequence[Json]) -> Text:
    found = [(FAULTS.get(str(code).partition(":")[0]), str(code)) for code in codes]
    return Text(
        f"{fr}{NBSP}: {', '.join(text.fr if text else code for text, code in found)}.",
        f"{en}: {', '.join(text.en if text else code for text, code in found)}.",
    )


def _where(items: Sequence[Json]) -> str:
    """`/gestion/ (1a2b3c4d), …`: the first three."""
    said = [f"{each.get('path')} ({each.get('tenant')}, {each.get('status')})" for each in items if isinstance(each, Mapping)]
    return ", ".join(said[:3]) + (" …" if len(said) > 3 else "")


def _seconds(milliseconds: int) -> Text:
    """Tenths of a second, rounded up: never better than it was."""
    tenths = -(-milliseconds // 100)
    return Text(f"{tenths // 10},{tenths % 10}{NBSP}s", f"{tenths // 10}.{tenths % 10} s")


def _clients_fr(number: int) -> str:
    return f"{count(number).fr} client{'s' if number > 1 else ''}"


def _clients_en(number: int) -> str:
    return f"{count(number).en} customer{'' if number == 1 else 's'}"


def _int(facts: Mapping[str, Json], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _list(facts: Mapping[str, Json], name: str) -> Sequence[Json]:
    """A list of facts; one that is absent is not empty but unknown: KeyError, a defect of the engine."""
    value = facts[name]
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise KeyError(name)
    return value
