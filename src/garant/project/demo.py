"""What `garant up` shows to a newcomer: two customers of a small vendor, with their people, roles and addresses.

Idempotent: what exists is left alone, a person who has a password keeps it. Names of places and people are invented.
"""

import contextlib
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from garant.access import service as access
from garant.data import service as data
from garant.data.queries import places
from garant.identity import queries as identity
from garant.identity import service as identities
from garant.identity.service import tenant_transaction
from garant.kernel.errors import InputError
from garant.vault import service as vault

ACTOR = "system:demonstration"
COUNTRY = "CA"
"""Of both towns."""
HOME = ("127.0.0.1/32", "::1/128")
WORDS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Town:
    """One demonstration tenant. `people`: login, name, roles."""

    slug: str
    name: str
    people: Sequence[tuple[str, str, tuple[str, ...]]]


TOWNS = (
    Town(
        "saint-elan",
        "Ville de Saint-Élan",
        (
            ("rosalie", "Rosalie Béchamp", ("member", "admin", "author")),
            ("juliane", "Juliane Mercereau", ("member", "author")),
            ("omer", "Omer Lavigueur", ("member",)),
        ),
    ),
    Town(
        "trois-rapides",
        "MRC des Trois-Rapides",
        (
            ("thais", "Thaïs Corriveau-Nault", ("member", "admin", "author")),
            ("noe", "Noé Lapalice", ("member",)),
        ),
    ),
)
STAFF = (("maude", "Maude Thériault-Kane", ("member", "admin")),)


@dataclass(frozen=True)
class Account:
    """A way in, shown once. `host`: where to sign in."""

    host: str
    login: str
    name: str
    password: str
    roles: tuple[str, ...]


Note = Callable[[Sequence[Account]], None]


def load(*, operator: str, base: str, at: datetime, note: Note) -> list[Account]:
    """Make what is missing and return the accounts whose password was made now (none at a second start).

    `note` keeps the passwords for the newcomer. It is called before they count (inside the transaction, at its end): a crash leaves a
    password that opens nothing, never an account whose password nobody knows.
    """
    made = [*_tenant("operator", operator, base, STAFF, at=at, note=note, operator=True)]
    for town in TOWNS:
        made += _tenant(town.slug, town.name, f"{town.slug}.{base}", town.people, at=at, note=note)
    return made


def _tenant(
    slug: str,
    name: str,
    host: str,
    people: Sequence[tuple[str, str, tuple[str, ...]]],
    *,
    at: datetime,
    note: Note,
    operator: bool = False,
) -> list[Account]:
    with tenant_transaction(None, scope="operator"):
        found = next((tenant for tenant in identity.tenants() if tenant.slug == slug), None)
    id_ = found.id if found else uuid.uuid4()
    with tenant_transaction(id_, scope="operator"):
        if found is None:
            identities.add_tenant(id_=id_, slug=slug, name=name, host=host, at=at, actor=ACTOR, operator=operator)
        vault.make_tenant_keys(tenant=id_, at=at, actor=ACTOR)
        if not operator and not places.placement_of(id_).country:
            with contextlib.suppress(InputError):  # a register of the operator's own may give no region to this country
                data.set_placement(country=COUNTRY, at=at, actor=ACTOR)
        if found is None and not operator:
            for network in HOME:
                access.add_rule(
                    network=network, verdict="allow", classes=("login", "member"), label="Cette machine", at=at, actor=ACTOR, confirm=True
                )
        known = {person.login for person in identity.people()}
        made = [_person(host, *person, at=at) for person in people if person[0] not in known]
        if made:
            note(made)
    return made


def _person(host: str, login: str, name: str, roles: tuple[str, ...], *, at: datetime) -> Account:
    user = identities.add_user(login=login, name=name, at=at, actor=ACTOR, roles=roles)
    password = "-".join("".join(secrets.choice(WORDS) for _ in range(5)) for _ in range(4))
    access.set_password(user=user.id, raw=password, at=at, actor=ACTOR)
    return Account(host, login, name, password, roles)
