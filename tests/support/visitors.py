"""Named people of two tenants, and browsers that come in through the pages as they would."""

import re
import uuid
from base64 import b32decode
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client

from garant.access.policy import totp
from garant.access.service.passwords import set_password
from garant.identity.models import Tenant
from garant.identity.service import add_tenant, add_user, tenant_transaction
from garant.kernel.clock import SystemClock
from garant.vault.service import make_root, make_tenant_keys

BASE = "garant.localhost"
PASSWORD = "sept lampes sous la neige"
NOW = SystemClock().now
Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.time_cost, Argon2PasswordHasher.parallelism = 1024, 1, 1
"""The same algorithm with less work: tests log in hundreds of times."""


@dataclass(frozen=True)
class Person:
    """Somebody of a tenant."""

    id: uuid.UUID
    tenant: Tenant
    login: str


def tenant(slug: str, name: str, *, operator: bool = False) -> Tenant:
    """A tenant with its keys, on its own host."""
    with tenant_transaction(None, scope="operator"):
        made = add_tenant(
            slug=slug, name=name, host=BASE if operator else f"{slug}.{BASE}", operator=operator, at=NOW(), actor="system:test"
        )
    with tenant_transaction(made.id):
        make_root()
        make_tenant_keys(tenant=made.id, at=NOW(), actor="system:test")
    return made


def person(of: Tenant, login: str, *roles: str, name: str = "", password: str | None = PASSWORD) -> Person:
    """A person of that tenant, with a password and no factor."""
    with tenant_transaction(of.id):
        made = add_user(login=login, name=name or login, roles=roles, at=NOW(), actor="system:test")
        if password is not None:
            set_password(user=made.id, raw=password, actor="system:test", at=NOW())
    return Person(made.id, of, login)


class Browser:
    """One browser of one person, on one tenant's host. CSRF is enforced; forms are posted as the page gave them."""

    def __init__(self, of: Tenant, address: str = "192.0.2.10", **headers: str) -> None:
        self.client = Client(enforce_csrf_checks=True, headers={"x-edge-ip": address, "user-agent": "Firefox 35", **headers})
        self.host = of.host
        self.secret = b""

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, secure=True, headers={"host": self.host, "accept-language": "en", **headers})

    def post(self, path: str, page: Any = None, **fields: str) -> Any:
        """Post `fields` with the token of `page` (default: the page at the same address)."""
        token = csrf_of(page if page is not None else self.get(path))
        return self.client.post(path, {**fields, "csrfmiddlewaretoken": token}, secure=True, headers=self._posting)

    @property
    def _posting(self) -> dict[str, str]:
        return {"host": self.host, "accept-language": "en", "referer": f"https://{self.host}/"}

    @property
    def cookie(self) -> str:
        found = self.client.cookies.get("__Host-sid")
        return found.value if found is not None else ""

    def bring(self, cookie: str) -> None:
        """Use this identifier, as a thief would."""
        self.client.cookies["__Host-sid"] = cookie

    def type_password(self, login: str, password: str = PASSWORD, **fields: str) -> Any:
        return self.post("/.garant/en/login/", login=login, password=password, **fields)

    def enrol(self) -> Any:
        """After the password: set up an application of codes. Answers with the redirect to the recovery codes."""
        page = self.get("/.garant/en/login/enrol/")
        self.secret = secret_in(page)
        return self.post("/.garant/en/login/enrol/", page, code=totp.code(self.secret, totp.step_of(NOW())))

    def type_code(self, step: int) -> Any:
        """The code of the present step plus `step`."""
        return self.post("/.garant/en/login/code/", code=totp.code(self.secret, totp.step_of(NOW()) + step))

    def come_in(self, who: Person, password: str = PASSWORD) -> "Browser":
        """Password, then enrolment: a complete login of somebody new."""
        assert self.type_password(who.login, password).status_code == 302
        assert self.enrol().status_code == 302
        return self


def csrf_of(page: Any) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())
    assert found, f"{page.status_code}: no form here: {page.content[:400]!r}"
    return found.group(1)


def secret_in(page: Any) -> bytes:
    """The key in the `otpauth:` address of an enrolment page."""
    found = re.search(r"otpauth://totp/[^\"]*secret=([A-Z2-7]+)", unescape(page.content.decode()))
    assert found, f"{page.status_code}: no otpauth address here"
    text = found.group(1)
    return b32decode(text + "=" * (-len(text) % 8))


def later(seconds: float) -> datetime:
    """Now, moved."""
    return NOW() + timedelta(seconds=seconds)
