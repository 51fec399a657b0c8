"""Documents for programs and for whoever checks without believing us: under `/.well-known/`, open to other sites.

`statement.json` and `verdicts.json` speak of the front statement, or of the one that `?statement=` names.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from garant.access.queries.keys import public_keys
from garant.assurance import queries as assurance
from garant.data.queries import places as data
from garant.statement import queries as statements
from garant.statement.queries import StatementPage
from garant.web.caching import shared
from garant.web.desk import now_of, operator_host
from garant.web.views.trust import front_slug, published


@require_safe
@operator_host
@shared
def statement(request: HttpRequest) -> HttpResponse:
    """What is promised."""
    return _json(statements.statement_json(_asked(request)))


@require_safe
@operator_host
@shared
def verdicts(request: HttpRequest) -> HttpResponse:
    """Whether it is kept."""
    return _json(statements.verdicts_json(_asked(request)))


@require_safe
@operator_host
@shared
def keys(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The public keys of identity assertions, as a JWK set."""
    return _json(public_keys())


@require_safe
@operator_host
@shared
def tls(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The newest TLS report, signed (INT-52)."""
    report = assurance.tls_report()
    if report is None:
        raise Http404
    return _json(report)


@require_safe
@operator_host
@shared
def places(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Where data are: the newest report, signed."""
    report = data.places_report()
    if report is None:
        raise Http404
    return _json(report)


@require_safe
@operator_host
@shared
def security(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """RFC 9116; only where the operator wrote one beside its configuration."""
    text = getattr(settings, "SECURITY_TXT", "")
    if not text:
        raise Http404
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _asked(request: HttpRequest) -> StatementPage:
    slug = request.GET.get("statement", front_slug())
    found = statements.page(slug, now_of(request)) if slug in published() else None
    if found is None:
        raise Http404
    return found


def _json(content: Mapping[str, Any]) -> HttpResponse:
    response = JsonResponse(content, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
