"""Names of facts in words: what a reader of a proof page sees instead of the key that the evidence holds.

The evidence itself keeps its keys: its digest is made over them, and the JSON documents show them. A key without words is shown as it is.
"""

from collections.abc import Mapping

from garant.kernel.text import Text

WORDS: Mapping[str, Text] = {
    "address": Text("adresse", "address"),
    "algorithm": Text("algorithme", "algorithm"),
    "asked": Text("demandes faites", "requests made"),
    "aspect": Text("ce qui est regardé", "what is looked at"),
    "browser": Text("navigateur", "browser"),
    "closed_ms": Text("fermeture (ms)", "closing (ms)"),
    "complete": Text("complet", "complete"),
    "digits": Text("chiffres du code", "digits of the code"),
    "duplicate_refused": Text("doublon refusé", "duplicate refused"),
    "duplicates": Text("doublons", "duplicates"),
    "enrolled": Text("personnes qui ont un second facteur", "people who have a second factor"),
    "failed": Text("échecs", "failures"),
    "faults": Text("fautes", "faults"),
    "heaviest_bytes": Text("page la plus lourde (octets)", "heaviest page (bytes)"),
    "hsts": Text("HTTPS imposé au navigateur (HSTS)", "HTTPS imposed on the browser (HSTS)"),
    "identifier_bits": Text("longueur de l’identifiant (bits)", "length of the identifier (bits)"),
    "led_to_enrolment": Text("menés à l’activation du second facteur", "led to setting up a second factor"),
    "lines": Text("lignes", "lines"),
    "method": Text("méthode", "method"),
    "missing": Text("manquants", "missing"),
    "missing_constraints": Text("contraintes manquantes", "missing constraints"),
    "name": Text("nom", "name"),
    "names": Text("noms", "names"),
    "new_tenant_rule": Text("règle d’un nouveau client", "rule of a new customer"),
    "not_after": Text("valide jusqu’au", "valid until"),
    "not_before": Text("valide depuis le", "valid from"),
    "not_urged": Text("clients où l’on n’est pas incité", "customers whose people are not urged"),
    "open": Text("ouverts", "open"),
    "opened_ms": Text("ouverture (ms)", "opening (ms)"),
    "pages": Text("pages", "pages"),
    "passes": Text("passages", "let through"),
    "path": Text("chemin", "path"),
    "people": Text("personnes", "people"),
    "period_seconds": Text("durée d’un code (s)", "life of a code (s)"),
    "port": Text("port", "port"),
    "ports": Text("ports", "ports"),
    "problems": Text("problèmes", "problems"),
    "profile": Text("profil TLS", "TLS profile"),
    "public": Text("chemins publics", "public paths"),
    "reason": Text("raison", "reason"),
    "roles": Text("rôles", "roles"),
    "samples": Text("échantillons", "samples"),
    "set_cookie_lines": Text("témoins posés", "cookies set"),
    "setting": Text("réglage", "setting"),
    "settings": Text("réglages", "settings"),
    "shut": Text("fermés à tort", "wrongly shut"),
    "slowest_ms": Text("page la plus lente (ms)", "slowest page (ms)"),
    "status": Text("réponse", "answer"),
    "subject": Text("objet", "subject"),
    "suite": Text("suite de chiffrement", "cipher suite"),
    "tenant": Text("client", "customer"),
    "tenants": Text("clients essayés", "customers tried"),
    "to_https": Text("mène à HTTPS", "leads to HTTPS"),
    "tries": Text("essais", "tries"),
    "type": Text("sorte", "kind"),
    "unchecked": Text("non vérifiés", "not checked"),
    "unprobed": Text("hors d’atteinte d’un essai", "out of reach of a trial"),
    "unreached": Text("clients hors d’atteinte d’un essai", "customers out of reach of a trial"),
    "vectors": Text("vecteurs d’essai", "test vectors"),
    "vectors_right": Text("vecteurs d’essai justes", "test vectors that are right"),
    "version": Text("version", "version"),
    "versions": Text("versions", "versions"),
    "violations": Text("manquements", "violations"),
    "why": Text("raison", "reason"),
    "widths": Text("largeurs", "widths"),
    "without_list": Text("clients sans liste d’adresses", "customers without an address list"),
}


def fact(name: str, language: str) -> str:
    """The words of a fact, or of each part of a nested one (`cookie.name`); empty where a part has none."""
    parts = [WORDS.get(part) for part in name.split(".")]
    return ", ".join(part.in_(language) for part in parts if part is not None) if all(parts) else ""
