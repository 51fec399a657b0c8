"""What all probes of the access area share: whom to probe, from where, and how an answer is read.

- Probes are strangers: they speak HTTPS to the public door, from loopback addresses that no client can have.
- Tenants are named by the first eight digits of their id in facts, since facts are published.
- An answer is *refused* (403), *passed*, or *unclear* (the door was busy, down, or knew no such host): what is unclear proves nothing.
"""

import ipaddress
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from garant.access.policy.addresses import Answer as Says
from garant.access.policy.addresses import Rule, parse_address, verdict
from garant.access.policy.totp import code, step_of
from garant.access.queries.addresses import rules
from garant.drivers.http_probe import Answer, Browser, HttpProbe
from garant.drivers.process import Deadline
from garant.identity.queries import TenantFacts, tenants
from garant.identity.service import tenant_transaction
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.text import NBSP, Text

STRANGERS = ("127.66.53.1", "127.143.88.7", "127.201.3.3", "127.19.240.9", "127.254.9.9")
"""Addresses that a tenant is most unlikely to list."""

LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")
WITNESS = "127.66.54.0/24"
"""A range that Garant refuses for every tenant, so that the refusal of a range can be tried: nobody can come from there."""

LOGIN_PAGE = "/.garant/fr/login/"
COOKIE = "__Host-sid"
BUSY = 75.0
"""Seconds during which a probe waits for its turn where tries are counted by the minute."""


REFUSED, PASSED, UNCLEAR = "refused", "passed", "unclear"


@dataclass(frozen=True)
class Canary:
    """A person made for probing, for the length of one probe. Credentials live in memory only."""

    user: uuid.UUID
    login: str
    password: str
    secret: bytes


class Canaries(Protocol):
    """Wakes a probe's person in a tenant and puts them to rest afterwards (`access.service.canaries`)."""

    def __call__(
        self, tenant: TenantFacts, *, roles: Sequence[str], at: datetime, factor: bool = True
    ) -> AbstractContextManager[Canary]: ...


Repair = Callable[[TenantFacts, datetime], Sequence[str]]
"""Brings one tenant's published rules back to what they should be, and says in words what was wrong."""


def mark(tenant: TenantFacts) -> str:
    """What facts call a tenant."""
    return tenant.id.hex[:8]


def client(tenant: TenantFacts) -> str:
    """What errors call a tenant's host: they are published too."""
    return f"client {mark(tenant)}"


def unclear(place: str, status: int | str) -> EngineError:
    """The error for an answer that neither lets in nor refuses. `place`: a `client()` with the path."""
    return EngineError(
        Text(f"{place} a répondu {status}{NBSP}: ni admission ni refus.", f"{place} answered {status}: neither let in nor refused.")
    )


def outcome(answer: Answer) -> str:
    """How the door answered."""
    if answer.status == 403:
        return REFUSED
    return UNCLEAR if answer.status in (400, 408, 421, 429) or answer.status >= 500 else PASSED


class Site:
    """The deployment as probes see it."""

    def __init__(self, deployment: Deployment, *, pace: int = 0, seconds: float = 15.0) -> None:
        self.deployment = deployment
        self.probe = HttpProbe(
            connect=deployment.connect, port=deployment.https, authority=deployment.authority, pace=pace, seconds=seconds
        )

    @property
    def now(self) -> datetime:
        return self.deployment.clock.now()

    def host(self, tenant: TenantFacts) -> str:
        return self.deployment.base if tenant.operator else self.deployment.host(tenant.slug)

    def ask(self, tenant: TenantFacts, path: str, *, source: str, method: str = "GET") -> Answer:
        return self.probe.ask(self.host(tenant), path, source=source, method=method, name=client(tenant))

    def browser(self, tenant: TenantFacts, *, source: str) -> Browser:
        return self.probe.browser(self.host(tenant), source=source, name=client(tenant))


def population() -> list[TenantFacts]:
    """Customers in service. The operator's own tenant is none."""
    with tenant_transaction(None, scope="operator"):
        return [tenant for tenant in tenants() if not tenant.operator and not tenant.suspended]


def rules_of(tenant: TenantFacts) -> tuple[Rule, ...]:
    with tenant_transaction(tenant.id):
        return rules()


def stranger(found: Sequence[Rule], kind: str, now: datetime) -> str | None:
    """A loopback address that the rules refuse because nobody listed it; None when every one is listed."""
    allows = [rule for rule in found if rule.answer is Says.ALLOW]
    return next((address for address in STRANGERS if verdict(allows, parse_address(address), kind, now) is Says.DENY), None)


def insider(found: Sequence[Rule], now: datetime) -> str | None:
    """A loopback address that may sign in and read; None when the rules leave none."""
    for address in ("127.0.0.1", *_loopback_of(found), *STRANGERS):
        if all(verdict(found, parse_address(address), kind, now) is Says.ALLOW for kind in ("login", "member")):
            return address
    return None


def _loopback_of(found: Sequence[Rule]) -> Iterator[str]:
    for rule in found:
        if rule.answer is Says.ALLOW and rule.network.version == 4 and rule.network.subnet_of(LOOPBACK):
            yield str(next(iter(rule.network.hosts()), rule.network.network_address))


@dataclass(frozen=True)
class SignedIn:
    """What a login showed. `identifiers`: the session's, before the password, after it, and at the end. `page`: where it led."""

    identifiers: tuple[str, ...]
    page: Answer


def sign_in(browser: Browser, canary: Canary, now: datetime) -> SignedIn:
    """Come in as a person does: password, then code. Raises EngineError when the pages do not lead in."""
    before, page = give_password(browser, canary)
    identifiers = [before, browser.cookies.get(COOKIE, "")]
    answer = browser.post(browser.place, {**token(page), "code": code(canary.secret, step_of(now))})
    page = _led_on(browser, answer, Text("le code", "the code"))
    return SignedIn((*identifiers, browser.cookies.get(COOKIE, "")), page)


def give_password(browser: Browser, canary: Canary) -> tuple[str, Answer]:
    """First step of a login: the identifier before it, and the page that it leads to. Waits while the door counts too many tries."""
    page = browser.follow(browser.get(LOGIN_PAGE))
    before = browser.cookies.get(COOKIE, "")
    fields = {**token(page), "login": canary.login, "password": canary.password}
    for _ in Deadline(BUSY).tries(5):
        answer = browser.post(LOGIN_PAGE, fields)
        if answer.status != 429:
            break
    return before, _led_on(browser, answer, Text("le mot de passe", "the password"))


def token(page: Answer) -> dict[str, str]:
    """The form's token, as its field."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    if found is None:
        raise EngineError(
            Text(f"Une page de Garant (état {page.status}) n’a pas de formulaire.", f"A page of Garant (status {page.status}) has no form.")
        )
    return {"csrfmiddlewaretoken": found[1]}


def _led_on(browser: Browser, answer: Answer, what: Text) -> Answer:
    if answer.status not in (302, 303):
        said = f"{browser.called}{browser.place}"
        raise EngineError(
            Text(
                f"La personne d’essai n’a pas pu se connecter{NBSP}: après {what.fr}, {said} a répondu {answer.status}.",
                f"The canary could not sign in: after {what.en}, {said} answered {answer.status}.",
            )
        )
    return browser.follow(answer)
