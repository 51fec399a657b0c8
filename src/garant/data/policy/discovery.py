"""Guesses: which category a column has, by its name, its type and a few of its values; which column says whose a row is.

A guess is proposed to a person, who reads the map before it is in force; and it is how a scan finds personal data that no map speaks of.
Values are looked at here and go nowhere: what comes out is the name of a category and why it was guessed.
"""

import ipaddress
import re
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from garant.data.policy.catalogue import Catalogue, LiveColumn, LiveTable, Name

NAMES: tuple[tuple[str, str], ...] = (
    (r"(^|_)(e_?mail|courriel|mel)(s|_?addr(ess)?|_?norm)?($|_)", "user.contact.email"),
    (r"(^|_)(phone|telephone|tel|mobile|cell(ulaire)?|portable)(_?n(um(ber|ero)?|o))?($|_)", "user.contact.phone_number"),
    (r"(^|_)fax($|_)", "user.contact.fax_number"),
    (r"(^|_)(password|passwd|mot_de_passe|mdp|pwd)(_hash)?($|_)", "user.authorization.password"),
    (r"(^|_)(api_key|secret|token|otp_seed|totp|recovery_code|private_key)($|_)", "user.authorization.credentials"),
    (r"(^|_)(first_?name|given_?name|prenom)($|_)", "user.name.first"),
    (r"(^|_)(last_?name|family_?name|surname|nom_de_famille)($|_)", "user.name.last"),
    (r"(^|_)(full_?name|display_?name|attendee_?name|nom_complet|contact_name|prenom_nom)($|_)", "user.name"),
    (r"(^|_)(user_?name|login|identifiant|pseudo(nyme)?|nickname)($|_)", "user.account.username"),
    (r"(^|_)(street|rue|address(_?line)?_?[12]?|adresse)($|_)", "user.contact.address.street"),
    (r"(^|_)(zip(_?code)?|postal_?code|code_postal|postcode)($|_)", "user.contact.address.postal_code"),
    (r"(^|_)(city|ville|town)($|_)", "user.contact.address.city"),
    (r"(^|_)(birth_?(date|day)|date_of_birth|dob|date_naissance|naissance)($|_)", "user.demographic.date_of_birth"),
    (r"(^|_)(gender|sexe|genre)($|_)", "user.demographic.gender"),
    (r"(^|_)(nas|sin|ssn|nir|social_security|national_id|numero_assurance)($|_)", "user.government_id.national_identification_number"),
    (r"(^|_)(passport|passeport)(_?n(o|um(ber)?))?($|_)", "user.government_id.passport_number"),
    (r"(^|_)(driver_?licen[cs]e|permis_conduire)($|_)", "user.government_id.drivers_license_number"),
    (r"(^|_)(ramq|health_?card|carte_sante|medical_record)($|_)", "user.health_and_medical.record_id"),
    (r"(^|_)(iban|bank_?account|account_number|compte_bancaire|rib)($|_)", "user.financial.bank_account"),
    (r"(^|_)(ccn|credit_?card|card_?number|carte_credit|pan)($|_)", "user.financial.credit_card"),
    (r"(^|_)(ip|ip_?addr(ess)?|remote_addr|adresse_ip)($|_)", "user.device.ip_address"),
    (r"(^|_)(user_?agent|device_id)($|_)", "user.device"),
    (r"(^|_)(lat(itude)?|lon(gitude)?|geo(loc(ation)?)?)($|_)", "user.location.precise"),
    (r"(^|_)(job_?title|poste|fonction)($|_)", "user.job_title"),
    (r"(^|_)(photo|avatar|picture|portrait)($|_)", "user.content.self_image"),
    (r"(^|_)(user|person|customer|client|member|author|owner|subject|added_by|created_by|updated_by)(_?(id|uuid))?$", "user.unique_id"),
)
VALUES: tuple[tuple[str, str], ...] = (
    (r"[^@\s]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}", "user.contact.email"),
    (r"\+?\d?[ .-]?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}", "user.contact.phone_number"),
    (r"\+\d{9,15}", "user.contact.phone_number"),
    (r"[a-z]\d[a-z] ?\d[a-z]\d", "user.contact.address.postal_code"),
    (r"[a-z]{2}\d{2}( ?[a-z0-9]{4}){3,7}( ?[a-z0-9]{1,3})?", "user.financial.bank_account"),
    (r"(pbkdf2_\w+|argon2(id|i|d)?|bcrypt\w*|scrypt)\$.+|\$(2[aby]|argon2(id|i|d)?|5|6)\$.+", "user.authorization.password"),
)
TEXTS = ("text", "character varying", "character", "citext", "name")
TENANTS = (
    *("tenant", "tenant_id", "organisation", "organisation_id", "organization", "organization_id", "organizer_id", "org_id", "account_id"),
    *("company_id", "client_id", "workspace_id", "customer_org_id", "site_id", "municipality_id", "commune_id"),
)
SHARE = 0.6
"""Of the sampled values that must look like one kind."""
DEEPEST = 4
"""Links of a tenant's path."""


@dataclass(frozen=True)
class Guess:
    """A category and why: `name`, `values`, `type`, or `nothing` (then it is `system.operations`)."""

    category: str
    why: str


def guess(column: LiveColumn, samples: Sequence[object] = ()) -> Guess:
    """The likeliest category of a column. What the values look like wins over what the column is called."""
    if column.base == "inet":
        return Guess("user.device.ip_address", "type")
    texts = [str(value).strip() for value in samples if isinstance(value, str) and value.strip()]
    found = _by_values(texts)
    if found:
        return Guess(found, "values")
    if column.base != "boolean":
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.name).lower()
        for pattern, category in NAMES:
            if re.search(pattern, name):
                return Guess(category, "name")
    return Guess("system.operations", "nothing")


def looks_personal(column: LiveColumn, samples: Sequence[object] = ()) -> Guess | None:
    """The guess, when it speaks of a person directly: an identifier alone does not."""
    found = guess(column, samples)
    return found if found.category.startswith("user.") and found.category != "user.unique_id" else None


def _by_values(texts: Sequence[str]) -> str:
    if not texts:
        return ""
    votes: Counter[str] = Counter()
    for text in texts:
        for category in {category for pattern, category in VALUES if re.fullmatch(pattern, text, re.IGNORECASE)} | _numbers(text):
            votes[category] += 1
    if not votes:
        return ""
    category, count = votes.most_common(1)[0]
    return category if count >= max(1, SHARE * len(texts)) else ""


def _numbers(text: str) -> set[str]:
    """Kinds that a pattern alone would see everywhere: card numbers with their check digit, network addresses."""
    found = set()
    digits = re.sub(r"[ -]", "", text)
    if re.fullmatch(r"\d{13,19}", digits) and _luhn(digits):
        found.add("user.financial.credit_card")
    if re.fullmatch(r"[0-9a-fA-F:.]{7,45}", text):
        try:
            ipaddress.ip_address(text)
            found.add("user.device.ip_address")
        except ValueError:
            pass
    return found


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def tenant_column(catalogue: Catalogue) -> str:
    """The column that most tables say whose their rows are by; empty when none has a name of the kind."""
    votes = Counter(column.name for table in catalogue.held() for column in table.columns if column.name in TENANTS)
    return min(votes, key=lambda name: (-votes[name], TENANTS.index(name))) if votes else ""


def tenant_path(table: LiveTable, catalogue: Catalogue, column: str) -> str:
    """`tenant`, or the shortest path of links that ends with it: `question.survey.tenant`. Empty: none leads there."""
    left: deque[tuple[Name, tuple[str, ...]]] = deque([(table.table, ())])
    seen = {table.table}
    while left:
        name, path = left.popleft()
        here = catalogue.tables.get(name)
        if here is None:
            continue
        if here.column(column) is not None:
            return ".".join((*path, column))
        if len(path) < DEEPEST:
            for word, target in _links(here):
                if target not in seen:
                    seen.add(target)
                    left.append((target, (*path, word)))
    return ""


def _links(table: LiveTable) -> Iterable[tuple[str, Name]]:
    """Links that every row has: an empty one would hide the row from everybody."""
    required: Mapping[str, bool] = {column.name: column.required for column in table.columns}
    for key in table.foreign_keys:
        if len(key.columns) == 1 and required.get(key.columns[0]):
            yield key.columns[0], key.target
