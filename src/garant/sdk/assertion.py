"""The identity assertion: a signed, short statement of who is asking, for one tenant of one application.

A JWS in compact form (RFC 7515) signed with Ed25519 (RFC 8037), whose payload is a JWT (RFC 7519). Rules, all of them:
- at most 4096 characters; three canonical base64url parts; JSON objects without repeated keys
- `alg` is `EdDSA`, nothing else; `kid` names a known key; no `crit`; keys inside the token are never looked at
- the signature is checked before any field of the payload is read
- `iss` is `garant`; `aud` is exactly `<tenant>/<application>`, and agrees with `tenant`
- `exp` is after `iat`, by 60 seconds at most; now is before `exp` and not before `iat`, give or take the leeway
- fields that are not known are ignored, so that the edge can add some
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature

from garant.kernel.clock import aware
from garant.sdk.encoding import decode, plain, read_object
from garant.sdk.errors import AssertionExpired, AssertionForged, AssertionMalformed, AssertionMissing, RoleMissing
from garant.sdk.keys import KeySet

ISSUER = "garant"
LONGEST_TOKEN = 4096
"""Characters."""
LONGEST_LIFE = timedelta(seconds=60)
LEEWAY = timedelta(seconds=5)
"""How far the clocks of edge and application may differ."""
MOST_ROLES = 64
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
ROLE = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}", re.ASCII)
LATEST = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, as the edge vouches for them until `expires` (aware, UTC). `name` may be empty, `language` is a BCP 47 tag or empty."""

    user: uuid.UUID
    tenant: str
    roles: frozenset[str]
    name: str
    language: str
    expires: datetime

    def has_role(self, *roles: str) -> bool:
        """Whether the person has one of `roles`."""
        return not self.roles.isdisjoint(roles)


def verify_assertion(token: str, *, keys: KeySet, audience: str, now: datetime, leeway: timedelta = LEEWAY) -> Identity:
    """Who is asking, according to `token`.

    `audience`: `<tenant>/<application>`, from what the application itself knows, never from the token. `now`: aware.
    Raises a kind of `AssertionRefused`, and nothing else, whatever the token holds; ValueError for a naive `now`.
    """
    moment = aware(now)
    header, payload = _open(token, keys)
    try:
        _check_header_words(header)
        _check_audience(payload, audience)
        issued, expires = _moment(payload, "iat"), _moment(payload, "exp")
        _check_times(issued, expires, moment, leeway)
        return _identity(payload, expires)
    except ValueError as error:
        raise AssertionMalformed(f"The identity assertion is malformed: {error}.") from error


def require_role(identity: Identity | None, *roles: str) -> Identity:
    """`identity`, if it has one of `roles`. Raises AssertionMissing for nobody and RoleMissing for somebody without them."""
    if identity is None:
        raise AssertionMissing
    if not roles:
        raise ValueError("name at least one role; an empty list would let everybody or nobody in, by accident")
    if not identity.has_role(*roles):
        raise RoleMissing(f"This act needs one of the roles {', '.join(sorted(roles))}.")
    return identity


def _open(token: str, keys: KeySet) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Header and payload of a token whose signature holds."""
    if not token:
        raise AssertionMissing
    parts = token.split(".") if len(token) <= LONGEST_TOKEN else []
    if len(parts) != 3:
        raise AssertionMalformed
    try:
        header = read_object(decode(parts[0]))
        signature = decode(parts[2])
        kid = plain(header.get("kid"), longest=128)
    except ValueError as error:
        raise AssertionMalformed(f"The identity assertion is malformed: {error}.") from error
    if header.get("alg") != "EdDSA":
        raise AssertionForged("The identity assertion is not signed with EdDSA.")
    if "crit" in header:
        raise AssertionForged("The identity assertion asks for an extension that is not known.")
    key = keys.find(kid)
    if key is None:
        raise AssertionForged("The identity assertion is signed with a key that is not known.")
    try:
        key.verify(signature, f"{parts[0]}.{parts[1]}".encode("ascii"))
        return header, read_object(decode(parts[1]))
    except InvalidSignature as error:
        raise AssertionForged("The signature of the identity assertion does not hold.") from error
    except ValueError as error:
        raise AssertionMalformed(f"The identity assertion is malformed: {error}.") from error


def _check_header_words(header: Mapping[str, object]) -> None:
    if str(header.get("typ", "JWT")).upper() != "JWT":
        raise ValueError("typ is not JWT")


def _check_audience(payload: Mapping[str, object], audience: str) -> None:
    tenant = payload.get("tenant")
    if not isinstance(tenant, str) or not SLUG.fullmatch(tenant):
        raise ValueError("tenant is not a slug")
    if payload.get("iss") != ISSUER:
        raise AssertionForged("The identity assertion comes from another issuer.")
    if payload.get("aud") != audience or audience.partition("/")[0] != tenant:
        raise AssertionForged("The identity assertion was made for another tenant or another application.")


def _moment(payload: Mapping[str, object], field: str) -> datetime:
    seconds = payload.get(field)
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds < LATEST:
        raise ValueError(f"{field} is not a whole number of seconds since 1970")
    return datetime.fromtimestamp(seconds, UTC)


def _check_times(issued: datetime, expires: datetime, now: datetime, leeway: timedelta) -> None:
    if not timedelta(0) < expires - issued <= LONGEST_LIFE:
        raise AssertionForged("The identity assertion claims to live longer than 60 seconds.")
    if now >= expires + leeway:
        raise AssertionExpired("The identity assertion has expired.")
    if now < issued - leeway:
        raise AssertionExpired("The identity assertion is from the future; compare the clocks of edge and application.")


def _identity(payload: Mapping[str, object], expires: datetime) -> Identity:
    subject, roles = payload.get("sub"), payload.get("roles")
    name, language = payload.get("name", ""), payload.get("lang", "")
    user = uuid.UUID(plain(subject, longest=36))
    if str(user) != subject:
        raise ValueError("sub is not a UUID in its canonical form")
    if not isinstance(roles, list) or len(roles) > MOST_ROLES:
        raise ValueError(f"roles is not a list of {MOST_ROLES} at most")
    if not all(isinstance(role, str) and ROLE.fullmatch(role) for role in roles):
        raise ValueError("a role is not a plain word")
    if language != "" and not LANGUAGE.fullmatch(plain(language, longest=35)):
        raise ValueError("lang is not a language tag")
    return Identity(
        user=user,
        tenant=str(payload["tenant"]),
        roles=frozenset(roles),
        name=name if name == "" else plain(name, longest=200),
        language=str(language),
        expires=expires,
    )
