"""What the facts of each measure say: pure. Every `Finding` has a number, words and a full sentence, in French and English."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from garant.assurance.policy import suites
from garant.kernel.promise import Evidence, Finding, Promise
from garant.kernel.text import Text, count, ratio, same

HALF_A_YEAR = 15_552_000
"""Seconds: the least length of HSTS that browsers' makers recommend."""
SAFE = ("tls", "redirect", "ssh")
REPORT_LIMIT = timedelta(hours=26)


def tls(promise: Promise, run: Evidence) -> Finding:
    """The aspect of the claim, on every host (INT-48, 49, 50; EHQ-28)."""
    rule = {"every_connection": _every_connection, "remote_systems": _remote_systems, "strength": _strength}
    return rule.get(str(promise.parameters.get("aspect")), _certificate)(promise, run)


def report(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001 - the protocol's name
    """INT-52: published, signed, of today, and true of what is served."""
    facts = run.facts
    age = int(str(facts["age_seconds"]))
    different = _strings(facts["differences"])
    words = Text("rapport public signé", "signed public report")
    if facts["status"] != 200:
        return Finding(
            False,
            same(facts["status"]),
            Text("à la place du rapport", "in place of the report"),
            Text(
                f"Le rapport TLS public n’est pas servi : l’adresse répond {facts['status']}.",
                f"The public TLS report is not served: its address answers {facts['status']}.",
            ),
        )
    if facts["signed"] is not True:
        return Finding(
            False,
            same(0),
            words,
            Text("Le rapport TLS publié ne porte pas notre signature.", "The published TLS report does not bear our signature."),
        )
    if not 0 <= age <= REPORT_LIMIT.total_seconds():
        return Finding(
            False,
            count(age // 3600),
            Text("heures d’âge", "hours old"),
            Text("Le rapport TLS publié est trop ancien.", "The published TLS report is too old."),
        )
    if different:
        listed = ", ".join(different)
        return Finding(
            False,
            count(len(different)),
            Text("écarts avec ce qui est servi", "differences from what is served"),
            Text(
                f"Le rapport TLS publié ne dit pas ce qui est servi maintenant ({listed}).",
                f"The published TLS report does not say what is served now ({listed}).",
            ),
        )
    return Finding(
        True,
        same(1),
        words,
        Text(
            "Le rapport TLS publié est signé, récent et conforme à ce qui est servi maintenant.",
            "The published TLS report is signed, recent and true of what is served now.",
        ),
    )


def screens(promise: Promise, run: Evidence) -> Finding:
    """EHQ-71 (`layout`) or EHQ-72 (`features`)."""
    pages, widths = _strings(run.facts["pages"]), _strings(run.facts["widths"])
    sizes = Text(" · ".join(widths), " · ".join(widths))
    if promise.parameters.get("aspect") == "features":
        faults = {**_mapping(run.facts["missing"]), **{page: ["–"] for page in _strings(run.facts["without_features"])}}
        fine = Text(
            f"Liens, champs et boutons sont les mêmes sur {len(pages)} pages, aux largeurs {sizes.fr} px.",
            f"Links, fields and buttons are the same on {len(pages)} pages, at widths {sizes.en} px.",
        )
        wrong = Text("Une largeur n’offre pas tout", "One width does not offer everything")
    else:
        faults = dict(_mapping(run.facts["sticking_out"]))
        fine = Text(
            f"Rien ne déborde sur {len(pages)} pages, aux largeurs {sizes.fr} px.",
            f"Nothing sticks out on {len(pages)} pages, at widths {sizes.en} px.",
        )
        wrong = Text("Une page déborde de l’écran", "A page sticks out of the screen")
    words = Text(f"pages en défaut sur {len(pages)}", f"faulty pages of {len(pages)}")
    return _whole(run, _pages_finding(faults, words, fine, wrong))


def accessibility(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001 - the protocol's name
    """EHQ-65, the part that a program can see."""
    pages, faults = _strings(run.facts["pages"]), _mapping(run.facts["violations"])
    rules = sorted({str(rule["id"]) for found in faults.values() for rule in found})
    listed = ", ".join(rules)
    found = _pages_finding(
        faults,
        Text(f"pages en défaut sur {len(pages)}", f"faulty pages of {len(pages)}"),
        Text(
            f"axe {run.facts['axe']} ne trouve aucune faute WCAG 2.1 AA sur {_how_many(run).fr}, large et étroit.",
            f"axe {run.facts['axe']} finds no WCAG 2.1 AA fault on {_how_many(run).en}, wide and narrow.",
        ),
        Text(f"axe trouve des fautes ({listed})", f"axe finds faults ({listed})"),
    )
    return _whole(run, found)


def old_reading(promise: Promise, run: Evidence) -> Finding:
    """EHQ-73 to 76: greeting, sheet and page, read by hand."""
    name = browser_name(promise)
    refused = sorted(host for host, suite in _mapping(run.facts["greetings"]).items() if not suite)
    if refused:
        profile = run.facts["profile"]
        return Finding(
            False,
            ratio(len(refused), len(_mapping(run.facts["greetings"]))),
            Text("hôtes refusent la connexion", "hosts refuse the connection"),
            Text(
                f"Le profil TLS « {profile} » de ce déploiement refuse les suites que {name} propose ({refused[0]}).",
                f"The TLS profile “{profile}” of this deployment refuses the suites that {name} offers ({refused[0]}).",
            ),
        )
    pages = _strings(run.facts["pages"])
    return _pages_finding(
        _mapping(run.facts["faults"]),
        Text(f"pages en défaut sur {len(pages)}", f"faulty pages of {len(pages)}"),
        Text(
            f"La connexion que propose {name} est acceptée, et {len(pages)} pages n’emploient que ce qu’il comprend.",
            f"The connection that {name} offers is accepted, and {len(pages)} pages use only what it understands.",
        ),
        Text(f"Une page emploie ce que {name} ne comprend pas", f"A page uses what {name} does not understand"),
    )


def old_rendering(promise: Promise, run: Evidence) -> Finding:
    """EHQ-73 to 76: the pages as an engine of that generation lays them out."""
    name, pages = browser_name(promise), _strings(run.facts["pages"])
    return _pages_finding(
        _mapping(run.facts["faults"]),
        Text(f"pages en défaut sur {len(pages)}", f"faulty pages of {len(pages)}"),
        Text(
            f"{len(pages)} pages sont entières et à leur place dans un moteur de la génération de {name}.",
            f"{len(pages)} pages are whole and in place in an engine of the generation of {name}.",
        ),
        Text(f"Une page souffre dans un moteur de la génération de {name}", f"A page suffers in an engine of the generation of {name}"),
    )


def browser_name(promise: Promise) -> str:
    """`Safari 7`, `Microsoft Edge`."""
    name = str(promise.parameters.get("browser", ""))
    version = promise.parameters.get("version")
    return "Microsoft Edge" if name == "edge" else f"{name.capitalize()} {version}" if version else name.capitalize()


def _every_connection(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001 - one shape for all aspects
    if (clear := _in_clear(run)) is not None:
        return clear
    hosts = _mapping(run.facts["hosts"])
    loose = sorted(host for host, seen in hosts.items() if not _hsts_holds(str(seen["hsts"])))
    if loose:
        return Finding(
            False,
            ratio(len(loose), len(hosts)),
            Text("hôtes sans HSTS", "hosts without HSTS"),
            Text(
                f"{loose[0]} ne dit pas aux navigateurs de toujours revenir par TLS (HSTS absent ou trop court).",
                f"{loose[0]} does not tell browsers to always come back over TLS (HSTS absent or too short).",
            ),
        )
    return Finding(
        True,
        count(len(_mapping(run.facts["ports"]))),
        Text("ports visibles, aucun en clair", "visible ports, none in clear"),
        Text(
            f"Tout port visible parle TLS ou ne fait que rediriger, et les {len(hosts)} hôtes exigent TLS pour la suite (HSTS).",
            f"Every visible port speaks TLS or only redirects, and all {len(hosts)} hosts demand TLS from then on (HSTS).",
        ),
    )


def _remote_systems(promise: Promise, run: Evidence) -> Finding:  # noqa: ARG001 - one shape for all aspects
    if (clear := _in_clear(run)) is not None:
        return clear
    hosts = _mapping(run.facts["hosts"])
    strong = {suites.name(suite) for suite in suites.STRONG}
    weak = sorted(host for host, seen in hosts.items() if seen["suite"] not in strong)
    if weak:
        seen = hosts[weak[0]]
        return Finding(
            False,
            ratio(len(weak), len(hosts)),
            Text("hôtes à chiffrement faible", "hosts with weak encryption"),
            Text(
                f"{weak[0]} s’accorde sur {seen['version']} et {seen['suite']}, qui ne sont pas forts.",
                f"{weak[0]} agrees on {seen['version']} and {seen['suite']}, which are not strong.",
            ),
        )
    return Finding(
        True,
        count(len(hosts)),
        Text("hôtes à chiffrement fort", "hosts with strong encryption"),
        Text(
            f"Les {len(hosts)} hôtes chiffrent fortement, et aucune interface ne répond en clair.",
            f"All {len(hosts)} hosts encrypt strongly, and no interface answers in clear.",
        ),
    )


def _strength(promise: Promise, run: Evidence) -> Finding:
    faults: list[Text] = []
    profile, hosts = str(run.facts["profile"]), _mapping(run.facts["hosts"])
    wanted = {suites.VERSIONS[version] for version in suites.PROFILE_VERSIONS[profile]}
    strong = {suites.name(suite) for suite in suites.STRONG}
    cbc = {suites.name(suite) for suite in suites.OLD_SAFARI} if profile == "legacy" else set()
    for host, seen in hosts.items():
        accepted = {version: set(taken) for version, taken in seen["accepted"].items() if taken}
        faults += [Text(f"{host} accepte {version}", f"{host} accepts {version}") for version in sorted(set(accepted) - wanted)]
        if not set(accepted) & wanted:
            faults.append(Text(f"{host} n’accepte aucune version sûre", f"{host} accepts no safe version"))
        for suite in sorted(set().union(*accepted.values()) - strong if accepted else ()):
            for_safari = suite in cbc
            faults.append(
                Text(
                    f"{host} accepte {suite}" + (", que le profil « legacy » admet pour Safari 7 (EHQ-76)" if for_safari else ""),
                    f"{host} accepts {suite}" + (", which the profile “legacy” admits for Safari 7 (EHQ-76)" if for_safari else ""),
                )
            )
        faults += _key_faults(host, seen, int(str(promise.parameters.get("minimum_bits", 2048))))
        faults += _chain_faults(host, seen, run, _days(promise, 21))
    if faults:
        return _first_of(faults, len(hosts))
    return Finding(
        True,
        ratio(len(hosts), len(hosts)),
        Text("hôtes à suites fortes", "hosts with strong suites"),
        Text(
            f"Profil « {profile} » : {' et '.join(sorted(wanted))}, suites à chiffrement authentifié, clés de 2048 bits ou l’équivalent.",
            f"Profile “{profile}”: {' and '.join(sorted(wanted))}, authenticated suites, keys of 2048 bits or the equivalent.",
        ),
    )


def _certificate(promise: Promise, run: Evidence) -> Finding:
    hosts = _mapping(run.facts["hosts"])
    faults = [fault for host, seen in hosts.items() for fault in _chain_faults(host, seen, run, _days(promise, 21))]
    if faults:
        return _first_of(faults, len(hosts))
    ends = min(str(seen["chain"][0]["not_after"]) for seen in hosts.values())[:10]
    return Finding(
        True,
        ratio(len(hosts), len(hosts)),
        Text("hôtes à certificat valide", "hosts with a valid certificate"),
        Text(
            f"Le certificat de chaque hôte est valide, à son nom, et le premier à expirer tient jusqu’au {ends}.",
            f"Every host’s certificate is valid, in its name, and the first to expire lasts until {ends}.",
        ),
    )


def _in_clear(run: Evidence) -> Finding | None:
    """A port that serves in clear, or a redirect that does more than lead to https."""
    ports = _mapping(run.facts["ports"])
    bad = sorted(place for place, said in ports.items() if said not in SAFE)
    if bad:
        return Finding(
            False,
            count(len(bad)),
            Text("ports en clair", "ports in clear"),
            Text(
                f"Le port {bad[0]} est ouvert vers l’extérieur et ne parle pas TLS.",
                f"Port {bad[0]} is open to the outside and does not speak TLS.",
            ),
        )
    for host, answers in _mapping(run.facts["redirects"]).items():
        for request, answer in answers.items():
            status = answer["status"]
            if status not in (301, 308) or not answer["to_https"] or answer["cookie"]:
                return Finding(
                    False,
                    same(status),
                    Text("réponse en clair", "answer in clear"),
                    Text(
                        f"En clair, {host} répond {status} à « {request} » au lieu de seulement mener à https.",
                        f"In clear, {host} answers {status} to “{request}” instead of only leading to https.",
                    ),
                )
    doubtful = sorted(place for place, said in _mapping(run.facts["ports_of_unknown_programs"]).items() if said not in SAFE)
    if doubtful:
        return Finding(
            None,
            count(len(doubtful)),
            Text("ports sans propriétaire connu", "ports without a known owner"),
            Text(
                f"Le port {doubtful[0]} ne parle pas TLS, et rien ne permet de savoir si un programme de Garant le tient.",
                f"Port {doubtful[0]} does not speak TLS, and nothing tells whether a program of Garant holds it.",
            ),
        )
    return None


def _key_faults(host: str, seen: Mapping[str, Any], minimum: int) -> list[Text]:
    found = []
    for link in seen["chain"]:
        if suites.equivalent_rsa_bits(str(link["key"]), int(link["bits"])) < minimum:
            found.append(
                Text(
                    f"la clé de « {link['subject']} » ({host}) n’a que {link['bits']} bits",
                    f"the key of “{link['subject']}” ({host}) has only {link['bits']} bits",
                )
            )
    return found


def _chain_faults(host: str, seen: Mapping[str, Any], run: Evidence, days: int) -> list[Text]:
    if seen["untrusted"]:
        return [
            Text(
                f"le certificat de {host} n’est pas valide ({seen['untrusted']})",
                f"the certificate of {host} is not valid ({seen['untrusted']})",
            )
        ]
    ends = datetime.fromisoformat(str(seen["chain"][0]["not_after"]))
    left = max((ends - run.observed_at).days, 0)
    if left < days:
        return [
            Text(
                f"le certificat de {host} expire dans {left} jour{'s' if left > 1 else ''} et aurait dû être renouvelé",
                f"the certificate of {host} expires in {left} day{'' if left == 1 else 's'} and should have been renewed",
            )
        ]
    return []


def _first_of(faults: Sequence[Text], hosts: int) -> Finding:
    rest = len(faults) - 1
    more = Text(f" (et {rest} autre{'s' if rest > 1 else ''})", f" (and {rest} more)") if rest else None
    first = faults[0]
    return Finding(
        False,
        count(len(faults)),
        Text(f"défauts sur {hosts} hôtes", f"faults on {hosts} hosts"),
        Text(
            f"{first.fr[0].upper()}{first.fr[1:]}{more.fr if more else ''}.",
            f"{first.en[0].upper()}{first.en[1:]}{more.en if more else ''}.",
        ),
    )


def _pages_finding(faults: Mapping[str, Any], words: Text, fine: Text, wrong: Text) -> Finding:
    if not faults:
        return Finding(True, same(0), words, fine)
    page = sorted(faults)[0]
    what = faults[page]
    first = str(what[0]["id"] if what and isinstance(what[0], Mapping) else what[0] if what else "")
    return Finding(False, count(len(faults)), words, Text(f"{wrong.fr} : {page} ({first}).", f"{wrong.en}: {page} ({first})."))


def _how_many(run: Evidence) -> Text:
    """`38 pages, dont 26 derrière la connexion`."""
    pages, inside = len(_strings(run.facts["pages"])), run.facts.get("inside", 0)
    return Text(f"{pages} pages, dont {inside} derrière la connexion", f"{pages} pages, {inside} of them behind sign-in")


def _whole(run: Evidence, found: Finding) -> Finding:
    """A fault is a fault; without pages behind sign-in, sound pages answer nothing: most of what people use was not seen."""
    if run.facts.get("inside") or not found.holds:
        return found
    return replace(
        found,
        holds=None,
        reason=Text(
            "Aucun client n’admet d’adresse de cette machine : les pages derrière la connexion n’ont pas pu être ouvertes.",
            "No customer lets in this machine’s address: the pages behind sign-in could not be opened.",
        ),
    )


def _hsts_holds(header: str) -> bool:
    for part in header.lower().split(";"):
        key, _, value = part.strip().partition("=")
        if key == "max-age":
            return value.strip('"').isdigit() and int(value.strip('"')) >= HALF_A_YEAR
    return False


def _days(promise: Promise, default: int) -> int:
    return int(str(promise.parameters.get("expiry_days", default)))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _strings(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else []
