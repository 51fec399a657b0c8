"""How categories, kinds of persons and durations are said in French and in English. A key without words of its own takes its parent's."""

import re

from garant.kernel.text import NBSP, Text, same

CATEGORIES = {
    "system": Text("données techniques", "technical data"),
    "user": Text("données personnelles", "personal data"),
    "user.account": Text("compte", "account"),
    "user.account.username": Text("nom d’utilisateur", "user name"),
    "user.authorization": Text("droits d’accès", "access rights"),
    "user.authorization.credentials": Text("moyens d’authentification", "credentials"),
    "user.authorization.password": Text("mot de passe", "password"),
    "user.behavior": Text("usage du service", "use of the service"),
    "user.biometric": Text("données biométriques", "biometric data"),
    "user.childrens": Text("données d’enfants", "children’s data"),
    "user.contact": Text("coordonnées", "contact details"),
    "user.contact.address": Text("adresse postale", "postal address"),
    "user.contact.email": Text("adresse de courriel", "e-mail address"),
    "user.contact.organization": Text("organisation", "organisation"),
    "user.contact.phone_number": Text("numéro de téléphone", "telephone number"),
    "user.content": Text("contenus fournis", "content provided"),
    "user.content.private": Text("contenus privés", "private content"),
    "user.content.public": Text("contenus publics", "public content"),
    "user.content.self_image": Text("image de la personne", "picture of the person"),
    "user.criminal_history": Text("antécédents judiciaires", "criminal history"),
    "user.demographic": Text("caractéristiques démographiques", "demographic traits"),
    "user.demographic.date_of_birth": Text("date de naissance", "date of birth"),
    "user.demographic.gender": Text("genre", "gender"),
    "user.demographic.language": Text("langue", "language"),
    "user.demographic.political_opinion": Text("opinions politiques", "political opinions"),
    "user.demographic.race_ethnicity": Text("origine ethnique", "ethnic origin"),
    "user.demographic.religious_belief": Text("croyances religieuses", "religious beliefs"),
    "user.demographic.sexual_orientation": Text("orientation sexuelle", "sexual orientation"),
    "user.device": Text("appareil", "device"),
    "user.device.cookie_id": Text("identifiant de témoin", "cookie identifier"),
    "user.device.ip_address": Text("adresse IP", "IP address"),
    "user.financial": Text("données financières", "financial data"),
    "user.financial.bank_account": Text("compte bancaire", "bank account"),
    "user.financial.credit_card": Text("carte de crédit", "credit card"),
    "user.government_id": Text("identifiant officiel", "government identifier"),
    "user.health_and_medical": Text("données de santé", "health data"),
    "user.job_title": Text("fonction", "job title"),
    "user.location": Text("localisation", "location"),
    "user.name": Text("nom", "name"),
    "user.payment": Text("paiement", "payment"),
    "user.privacy_preferences": Text("préférences de confidentialité", "privacy preferences"),
    "user.sensor": Text("mesures de capteurs", "sensor data"),
    "user.social": Text("réseaux sociaux", "social networks"),
    "user.telemetry": Text("télémesure", "telemetry"),
    "user.unique_id": Text("identifiant", "identifier"),
    "user.unique_id.pseudonymous": Text("pseudonyme", "pseudonym"),
    "user.user_sensor": Text("mesures de capteurs", "sensor data"),
    "user.workplace": Text("lieu de travail", "workplace"),
}
SUBJECTS = {
    "anonymous_user": Text("visiteurs anonymes", "anonymous visitors"),
    "citizen_voter": Text("citoyens", "citizens"),
    "commuter": Text("usagers des transports", "commuters"),
    "consultant": Text("consultants", "consultants"),
    "customer": Text("clients", "customers"),
    "employee": Text("employés", "employees"),
    "job_applicant": Text("candidats à un emploi", "job applicants"),
    "next_of_kin": Text("proches", "next of kin"),
    "passenger": Text("passagers", "passengers"),
    "patient": Text("patients", "patients"),
    "prospect": Text("clients possibles", "prospects"),
    "shareholder": Text("actionnaires", "shareholders"),
    "supplier_vendor": Text("fournisseurs", "suppliers"),
    "trainee": Text("stagiaires", "trainees"),
    "visitor": Text("visiteurs", "visitors"),
}
UNITS = {
    "Y": (Text("an", "year"), Text("ans", "years")),
    "M": (Text("mois", "month"), Text("mois", "months")),
    "W": (Text("semaine", "week"), Text("semaines", "weeks")),
    "D": (Text("jour", "day"), Text("jours", "days")),
    "H": (Text("heure", "hour"), Text("heures", "hours")),
}


def category(key: str) -> Text:
    """Words for a category; its parent's, then the key itself."""
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        if (found := CATEGORIES.get(".".join(parts[:length]))) is not None:
            return found
    return same(key)


def subject(key: str) -> Text:
    return SUBJECTS.get(key, same(key))


def duration(iso: str) -> Text:
    """`P3Y` as `3 ans` and `3 years`; what has no words stays as it is."""
    found = re.findall(r"(\d+)([YMWDH])", iso)
    if not found:
        return same(iso)
    said = [(number, UNITS[unit][0 if int(number) == 1 else 1]) for number, unit in found]
    return Text(
        " et ".join(f"{number}{NBSP}{unit.fr}" for number, unit in said), " and ".join(f"{number}{NBSP}{unit.en}" for number, unit in said)
    )
