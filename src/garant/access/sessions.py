"""The session store (SESSION_ENGINE): rows keyed by the SHA-256 of the identifier, contents sealed under a key made from it.

- The identifier is 256 random bits (INT-37), stands in the cookie alone (INT-34) and is nowhere in the database: a copy of the table
  can neither be replayed nor read.
- A session that no longer stands (`policy.standing`) loads as an empty one, so that the visitor gets a new identifier.
- A new identifier ends the former one, at the edge too; the absolute limit runs on from the login.
"""

import hashlib
import ipaddress
import os
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.serializers import JSONSerializer
from django.db import IntegrityError, transaction

from garant.access import fence
from garant.access.models import Session
from garant.access.policy.settings import AccessSettings
from garant.access.policy.standing import Address, standing
from garant.access.queries.sessions import seen
from garant.access.queries.settings import settings
from garant.edge import service as edge
from garant.identity.service import current_tenant
from garant.kernel.clock import SystemClock

OPENED = "_opened"
FACTOR = "_factor"
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{43}")
BEFORE_LOGIN = timedelta(minutes=20)
"""How long a session without a person may lie: anybody makes as many as they like."""

TOUCH = timedelta(seconds=60)
"""`last_seen_at` is written at most that often."""


@dataclass(frozen=True)
class Visit:
    """The request that a session is used in."""

    now: datetime = field(default_factory=lambda: SystemClock().now())
    address: Address | None = None
    agent: str = ""


def digest_of(identifier: str) -> str:
    """What stands in the database for an identifier: lower-case hexadecimal SHA-256."""
    return hashlib.sha256(identifier.encode()).hexdigest()


class SessionStore(SessionBase):
    """One browser's session in the tenant of the transaction."""

    def __init__(self, session_key: str | None = None, visit: Visit | None = None) -> None:
        super().__init__(session_key if session_key and IDENTIFIER.fullmatch(session_key) else None)
        self.visit = visit or Visit()
        self.fault = ""
        """Why a session that the visitor brought does not stand, as a word of `policy.reasons`."""

    @property
    def digest(self) -> str:
        """The row's key, empty for a session that has no row yet."""
        return digest_of(self.session_key) if self.session_key else ""

    def open_as_person(self, factor: str) -> None:
        """The login is complete: the absolute limit starts now."""
        self[OPENED] = self.visit.now.isoformat()
        self[FACTOR] = factor

    def pass_factor(self, factor: str) -> None:
        """The person of this session has just proved a factor; the limits run on."""
        self[FACTOR] = factor

    def load(self) -> Mapping[str, Any]:  # type: ignore[override]
        found = seen(self.digest)
        if found is None:
            self._session_key = None
            return {}
        visit, chosen = self.visit, settings()
        fault = standing(found.session, current_tenant(), chosen, visit.address, visit.now)
        row = None if fault else Session.objects.filter(key=self.digest, tenant_id=current_tenant()).values_list("data", flat=True).first()
        if row is None:
            self.fault = fault.value if fault else ""
            self._session_key = None
            return {}
        if visit.now - found.session.last_seen_at >= TOUCH:
            touch(self.digest, visit.now, chosen, found.session.absolute_expires_at)
        return self._unsealed(bytes(row))

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(key=digest_of(session_key)).exists()

    def create(self) -> None:
        """A new identifier with an empty row."""
        self._session_key = secrets.token_urlsafe(32)
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        if self.session_key is None:
            return self.create()
        data.setdefault(OPENED, self.visit.now.isoformat())
        columns = self._columns(data)
        if must_create:
            home = str(self.visit.address) if self.visit.address else None
            try:
                with transaction.atomic():
                    Session.objects.create(key=self.digest, tenant_id=current_tenant(), address=home, **columns)
            except IntegrityError as error:
                raise UpdateError("this identifier exists already") from error
        elif not Session.objects.filter(key=self.digest, tenant_id=current_tenant()).update(**columns):
            raise UpdateError("this session was ended in the meantime")
        return None

    def delete(self, session_key: str | None = None) -> None:
        identifier = session_key or self.session_key
        if identifier:
            forget([digest_of(identifier)], at=self.visit.now, actor="")

    @classmethod
    def clear_expired(cls) -> None:
        """Nothing here: `access.jobs` purges, with the tenants' clock."""

    def _columns(self, data: Mapping[str, Any]) -> dict[str, Any]:
        now, chosen = self.visit.now, settings()
        user = data.get(SESSION_KEY)
        opened = datetime.fromisoformat(data[OPENED]).astimezone(UTC)
        last = opened + (chosen.absolute if user else BEFORE_LOGIN)
        return {
            "user_id": uuid.UUID(user) if user else None,
            "created_at": opened,
            "last_seen_at": now,
            "expires_at": min(now + chosen.idle, last),
            "absolute_expires_at": last,
            "agent": self.visit.agent[:200],
            "factor": data.get(FACTOR, "") if user else "",
            "data": self._sealed(data),
        }

    def _sealed(self, data: Mapping[str, Any]) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._key().encrypt(nonce, JSONSerializer().dumps(dict(data)), current_tenant().bytes)

    def _unsealed(self, sealed: bytes) -> Mapping[str, Any]:
        try:
            plain = self._key().decrypt(sealed[:12], sealed[12:], current_tenant().bytes)
        except InvalidTag:
            self._session_key = None
            return {}
        loaded: Mapping[str, Any] = JSONSerializer().loads(plain)
        return loaded

    def _key(self) -> AESGCM:
        assert self.session_key
        derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"garant session contents v1").derive(self.session_key.encode())
        return AESGCM(derived)


def touch(digest: str, now: datetime, chosen: AccessSettings, absolute_end: datetime) -> None:
    """Write that the session is in use. A row that another transaction holds is left alone: the next request writes it."""
    free = Session.objects.select_for_update(skip_locked=True).filter(key=digest, tenant_id=current_tenant()).values("key")
    Session.objects.filter(key__in=free).update(last_seen_at=now, expires_at=min(now + chosen.idle, absolute_end))


def forget(digests: list[str], *, at: datetime, actor: str) -> int:
    """Delete rows; the edge forgets the decisions of those that had a person, in the same transaction."""
    tenant = current_tenant()
    rows = Session.objects.filter(key__in=digests, tenant_id=tenant)
    if rows.exclude(user=None).exists():
        fence.hold(tenant)
    people = list(rows.exclude(user=None).values_list("key", "user_id"))
    gone, _ = rows.delete()
    for digest, user in people:
        edge.revoke(kind="s", key=digest.upper(), tenant=tenant, at=at, actor=actor or str(user))
    return gone


def address_from(text: str) -> Address | None:
    """An address as the edge gives it, IPv4-mapped ones as IPv4; None when there is none or it is nonsense."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found
