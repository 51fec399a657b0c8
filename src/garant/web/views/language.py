"""Addresses without a language lead to the visitor's."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from garant.web import i18n
from garant.web.desk import operator_host


@require_safe
@operator_host
def root(request: HttpRequest) -> HttpResponse:
    """`/` of the operator's host."""
    return _to(request, f"/{i18n.segment(get_language())}/")


@require_safe
def reserved(request: HttpRequest, rest: str) -> HttpResponse:
    """`/.garant/login/` to `/.garant/fr/login/`; a page that exists in no language is not found."""
    target = f"/{i18n.RESERVED}{i18n.segment(get_language())}/{rest}"
    try:
        resolve(target)
    except Resolver404 as error:
        raise Http404 from error
    return _to(request, target)


def _to(request: HttpRequest, target: str) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    response = HttpResponseRedirect(f"{target}?{query}" if query else target)
    patch_vary_headers(response, ["Accept-Language"])
    return response
