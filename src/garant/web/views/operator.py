"""The operator's console: one page that says first what needs a person today."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from garant.access import queries as access
from garant.edge import queries as edge
from garant.identity.queries import TenantFacts, tenants
from garant.statement import queries as statements
from garant.vault import queries as keys
from garant.web.desk import now_of, staff
from garant.web.health import processes
from garant.web.today import Facts, changes, tasks

WEEK = timedelta(days=7)


@require_GET
@staff
def today(request: HttpRequest) -> HttpResponse:
    """What needs somebody, the tenants, the processes, the verdicts that changed."""
    now = now_of(request)
    pages = [page for each in statements.statements(now) if each.published and (page := statements.page(each.slug, now, days=7))]
    running, edges = processes(settings.RUNTIME.state()), edge.edges(now=now)
    lost = edge.losses(since=now - timedelta(days=1))
    waiting = [asked.created_at for asked in access.address_requests()]
    names = {each.id: each.name for each in tenants(canaries=True)}
    orders = [(each, names.get(each.tenant, str(each.tenant))) for each in keys.orders(open_only=True)]
    customers = tenants()
    context = {
        "now": now,
        "tasks": tasks(Facts(pages, running, edges, lost, waiting, orders, _unlisted(customers), settings.RUNTIME.troubles()), now),
        "tenants": [(each, edge.policy_version(tenant=each.id), edge.applied(tenant=each.id)) for each in customers],
        "processes": running,
        "edges": edges,
        "pages": pages,
        "changes": changes(pages, now - WEEK),
    }
    return render(request, "web/operator.html", context)


def _unlisted(customers: Sequence[TenantFacts]) -> list[str]:
    """Names of the customers in service whose published rules close the application to nobody."""
    published = edge.rules_by_tenant()
    closed = {slug for slug, rules in published.items() if any(rule.kind == "allow" and "member" in rule.classes for rule in rules)}
    return [each.name for each in customers if not each.operator and not each.suspended and each.slug not in closed]
