"""Probes of other areas: from where they are let in, and how they come to a page behind sign-in (`kernel.visitor`)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from garant.access.engines.probes import COOKIE, STRANGERS, Site, client, insider, population, rules_of, sign_in
from garant.access.policy.addresses import Answer, parse_address, verdict
from garant.access.service.canaries import awake
from garant.identity import queries as identity
from garant.identity.queries import TenantFacts
from garant.identity.service import tenant_transaction
from garant.kernel.clock import Clock
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.text import Text
from garant.kernel.visitor import Resident, Visitor

ROLES = ("admin", "member")


def sources(clock: Clock) -> Mapping[str, str]:
    """Each host in service, to the loopback address that its rules let in: to sign in and to read, on a customer's host; to read the
    public page, on the operator's. The empty string where they let none in."""
    with tenant_transaction(None, scope="operator"):
        tenants = {tenant.slug: tenant for tenant in identity.tenants(canaries=True) if not tenant.suspended}
        hosts = {host: tenants[slug] for host, slug in identity.hosts().items() if slug in tenants}
    return {host: _source(tenant, clock) for host, tenant in hosts.items()}


def _source(tenant: TenantFacts, clock: Clock) -> str:
    found, now = rules_of(tenant), clock.now()
    if not tenant.operator:
        return insider(found, now) or ""
    open_ = (one for one in ("127.0.0.1", *STRANGERS) if verdict(found, parse_address(one), "public", now) is Answer.ALLOW)
    return next(open_, "")


@contextmanager
def visitors(deployment: Deployment, *, source: str, most: int) -> Iterator[Sequence[Visitor]]:
    """Customers' canaries, awake and signed in through the public door from `source`, for the length of the block."""
    site = Site(deployment)
    with ExitStack() as stack:
        yield [_signed_in(site, tenant, source, stack) for tenant in _admitting(site, source)[:most]]


@contextmanager
def residents(deployment: Deployment) -> Iterator[Sequence[Resident]]:
    """The two organisations made for probing, each with its person awake and signed in, for the length of the block."""
    site = Site(deployment)
    with tenant_transaction(None, scope="operator"):
        pair = identity.canary_tenants()
    if len(pair) < 2:
        raise EngineError(
            Text("les deux organisations d’essai n’existent pas encore.", "the two organisations made for probing do not exist yet.")
        )
    with ExitStack() as stack:
        yield [_resident(site, tenant, stack) for tenant in pair[:2]]


def _resident(site: Site, tenant: TenantFacts, stack: ExitStack) -> Resident:
    source = insider(rules_of(tenant), site.now)
    if source is None:
        raise EngineError(
            Text(
                "une organisation d’essai n’admet aucune adresse de cette machine.",
                "an organisation made for probing admits no address of this machine.",
            )
        )
    canary = stack.enter_context(awake(tenant, roles=ROLES, at=site.now))
    browser = site.browser(tenant, source=source)
    sign_in(browser, canary, site.now)
    return Resident(tenant.id, tenant.slug, site.host(tenant), client(tenant), source, (COOKIE, browser.cookies[COOKIE]))


def _admitting(site: Site, source: str) -> list[TenantFacts]:
    def admits(tenant: TenantFacts) -> bool:
        found, address = rules_of(tenant), parse_address(source)
        return all(verdict(found, address, kind, site.now) is Answer.ALLOW for kind in ("login", "member"))

    return [tenant for tenant in population() if admits(tenant)]


def _signed_in(site: Site, tenant: TenantFacts, source: str, stack: ExitStack) -> Visitor:
    canary = stack.enter_context(awake(tenant, roles=ROLES, at=site.now))
    browser = site.browser(tenant, source=source)
    sign_in(browser, canary, site.now)
    return Visitor(site.host(tenant), client(tenant), (COOKIE, browser.cookies[COOKIE]))
