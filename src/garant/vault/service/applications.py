"""What the protected application is given: keys of its own classes for a lease, or batches sealed, opened and indexed here.

A key of a class that the application uses for the first time is made then, up to a ceiling. Classes that are Garant's own (its second
factors, backups, the ledger) are never given out, by name or by key id.
"""

import os
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from garant.kernel.errors import InputError, Refused
from garant.sdk import envelope as sealed
from garant.sdk.blind import BlindIndex
from garant.sdk.envelope import Place
from garant.vault.models import DataKey
from garant.vault.service.keys import DEFAULT_CLASS, OWN_CLASS, make_data_key
from garant.vault.service.sealing import Leased, lease
from garant.vault.service.states import UnknownKey

ACTOR = "system:keyring"
INDEX_CLASS = "index"
MESSAGES = 1 << 12
"""Values that an application seals before it asks for the key again."""
OWN = (OWN_CLASS, "backup", "ledger")
"""Classes, or what stands before their colon, that are never leased to an application."""

MOST_CLASSES = 100
"""Classes of one organisation for which the application may have keys made; those of single people are not counted."""
_ASKED = re.compile(r"[a-z][a-z0-9_.-]*")
_SUBJECT = re.compile(r"subject:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class NotForApplications(Refused):
    """Keys of this class are Garant's own and are not given to applications."""


@dataclass(frozen=True)
class Sealable:
    """A value with its place: plaintext to seal, or envelope to open."""

    table: str
    column: str
    row: str
    value: bytes


def lease_to_application(
    *, tenant: uuid.UUID, at: datetime, data_class: str = DEFAULT_CLASS, key_id: uuid.UUID | None = None, messages: int = MESSAGES
) -> Leased:
    """A key in clear; the active one of a class is made when there is none.

    Raises NotForApplications, UnknownKey (a key id of somebody else), KeySuspended, InputError (name of a class), ConfigurationError.
    """
    if key_id is not None:
        return _given(lease(tenant=tenant, key_id=key_id))
    _refuse_own(data_class)
    if data_class == INDEX_CLASS:
        messages = 1  # an index takes no nonce: its key does not wear, and is not rotated
    try:
        return _given(lease(tenant=tenant, data_class=data_class, messages=messages))
    except UnknownKey:
        _require_room(tenant, data_class)
        make_data_key(tenant=tenant, data_class=data_class, at=at, actor=ACTOR)
        return _given(lease(tenant=tenant, data_class=data_class, messages=messages))


def seal_values(*, tenant: uuid.UUID, values: Sequence[Sealable], at: datetime, data_class: str = DEFAULT_CLASS) -> list[bytes]:
    """The envelopes of `values`, in order, under the active key of a class. Raises as `lease_to_application`."""
    given = lease_to_application(tenant=tenant, at=at, data_class=data_class, messages=len(values))
    key = AESGCM(given.material)
    return [
        sealed.seal(
            key, given.key_id, os.urandom(sealed.NONCE_BYTES), Place(given.region, tenant, each.table, each.column, each.row), each.value
        )
        for each in values
    ]


def unseal_values(*, tenant: uuid.UUID, values: Sequence[Sealable], at: datetime) -> list[bytes]:
    """The plaintexts of `values`, in order: all of them or none. Raises SealError that says which, and as `lease_to_application`."""
    keys: dict[uuid.UUID, tuple[AESGCM, str]] = {}
    opened = []
    for number, each in enumerate(values):
        try:
            key_id = sealed.key_id_of(each.value)
            if key_id not in keys:
                given = lease_to_application(tenant=tenant, at=at, key_id=key_id)
                keys[key_id] = AESGCM(given.material), given.region
            key, region = keys[key_id]
            opened.append(sealed.unseal(key, Place(region, tenant, each.table, each.column, each.row), each.value))
        except sealed.SealError as error:
            raise type(error)(f"value {number}: {error}") from error
    return opened


def index_values(*, tenant: uuid.UUID, column: str, values: Sequence[str], at: datetime, domain: int | None = None) -> list[bytes]:
    """Blind indexes of `values` in `table.column`. `domain`: how many different ones there may be."""
    given = lease_to_application(tenant=tenant, at=at, data_class=INDEX_CLASS)
    index = BlindIndex(given.material, tenant, column, values=domain)
    return [index(value) for value in values]


def _refuse_own(data_class: str) -> None:
    if data_class.partition(":")[0] in OWN:
        raise NotForApplications()


def _require_room(tenant: uuid.UUID, data_class: str) -> None:
    """A key is for ever: an application that makes up names of classes is stopped. Raises InputError."""
    if _SUBJECT.fullmatch(data_class):
        return
    if not _ASKED.fullmatch(data_class):
        raise InputError(
            f"{data_class!r} is no class of the application's: write a word of small letters, digits, _ . and -, or subject:<uuid>"
        )
    others = DataKey.objects.filter(tenant_id=tenant).exclude(data_class__contains=":").exclude(data_class__in=(data_class, *OWN))
    if others.values("data_class").distinct().count() >= MOST_CLASSES:
        raise InputError(
            f"this organisation has keys of {MOST_CLASSES} classes already, and no more are made: name a class of the data map, "
            "or subject:<uuid> for the key of one person"
        )


def _given(leased: Leased) -> Leased:
    _refuse_own(leased.data_class)
    return leased
