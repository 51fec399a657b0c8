"""Names and roles: pure rules.

- A login name is unique in its tenant, compared case-folded and NFKC-normalised; the same name in two tenants is two persons.
- Roles are named by the operator's application; `admin` (tenant administrator) and `member` exist everywhere. No role = nothing allowed.
- A slug is one DNS label, since it becomes the tenant's host name.
"""

import re
import unicodedata

from garant.kernel.errors import InputError

ADMIN = "admin"
MEMBER = "member"

SLUG = re.compile(r"^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$")
ROLE = re.compile(r"^[a-z][a-z0-9_]{0,30}$")
OF_HOUSES = "www garant trust console api mail operator admin administration administrator staff support status security"
OF_MACHINES = "root static localhost postmaster hostmaster webmaster abuse ftp smtp imap autoconfig autodiscover"
RESERVED_SLUGS = frozenset(f"{OF_HOUSES} {OF_MACHINES}".split())
"""Names under which people expect the operator, or programs something of their own (RFC 2142): no customer's."""


def folded(name: str) -> str:
    """The form under which a login name or an e-mail is compared (EHQ-27, INT-33)."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def checked_slug(slug: str) -> str:
    """`slug` if it can be a tenant's host label; InputError says what to write instead."""
    if not SLUG.fullmatch(slug):
        raise InputError(f"{slug!r} cannot be a tenant name: write lower-case letters, digits and hyphens, a letter first, 42 at most")
    if slug in RESERVED_SLUGS:
        raise InputError(f"{slug!r} is reserved; choose another tenant name")
    return slug


def checked_login(name: str) -> str:
    """A login name as typed, trimmed; InputError when it is empty, too long or holds control characters."""
    name = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(name) <= 150 or any(unicodedata.category(c).startswith("C") for c in name):
        raise InputError("a login name has 1 to 150 visible characters")
    return name


def checked_role(role: str) -> str:
    """A role's name; InputError when it could not travel in a header."""
    if not ROLE.fullmatch(role):
        raise InputError(f"{role!r} cannot be a role: write lower-case letters, digits and underscores, a letter first, 31 at most")
    return role
