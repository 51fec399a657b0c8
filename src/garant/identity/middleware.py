"""Every request runs inside one transaction of the tenant of its host."""

from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from garant.identity.queries import tenant_of_host
from garant.identity.service import tenant_transaction


class TenantOfHost:
    """Sets `request.tenant` (TenantFacts). An unknown host gets 421 and reaches no view.

    Django turns an exception into a 5xx answer before it reaches us: such an answer rolls the transaction back, so that no verb
    stays half done. On the operator's host too a request begins with its own tenant only; staff pages widen it (`operator_scope`).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        host = request.get_host().split(":")[0].lower()
        tenant = tenant_of_host(host)
        if tenant is None:
            return HttpResponse(f"No service answers for {settings.BASE_HOST} under this name.\n", status=421, content_type="text/plain")
        request.tenant = tenant  # type: ignore[attr-defined]
        with tenant_transaction(tenant.id):
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
            return response
