"""The page that a refused person still reaches (ASO-23, ASO-35, ASO-36).

It shows nothing of the organisation, asks for the whole identity for itself alone, and opens no session for the application.
"""

import copy
from typing import Any

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from garant.access.address_forms import AddressForm
from garant.access.policy.addresses import BadNetwork
from garant.access.queries.addresses import self_service
from garant.access.service.addresses import NotPossible, request_address
from garant.access.service.identification import NotIdentified, TooManyTries, identify

RATES = {"show": "60/m/ip", "send": "10/m/ip,40/h/ip"}
"""How often one address (an IPv6 /64) may look at the page and send it, over all processes."""


@sensitive_post_parameters("password", "code")
@never_cache
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Show the form; on POST, identify the person for this act and file their request."""
    if self_service().mode == "off":
        return _page(request, "access/address_closed.html", {}, 404)
    if not _within(request, "send" if request.method == "POST" else "show"):
        return _page(request, "access/address_many.html", {}, 429)
    if request.method != "POST":
        return _page(request, "access/address_form.html", {"form": AddressForm()}, 200)
    form = AddressForm(request.POST)
    status = 400
    if form.is_valid():
        try:
            return _filed(request, form.cleaned_data)
        except NotIdentified:
            form.add_error(None, _("This user name, this password and this code do not go together. Type the code that is shown now."))
        except TooManyTries:
            form.add_error(None, _("Too many tries. Wait five minutes, then try again."))
            status = 429
        except (BadNetwork, NotPossible) as refusal:
            form.add_error(None, refusal.text.in_(get_language() or "fr"))
            status = 409
    return _page(request, "access/address_form.html", {"form": form.without_secrets()}, status)


def _filed(request: Any, asked: dict[str, Any]) -> HttpResponse:
    person = identify(request, login=asked["login"], password=asked["password"], code=asked["code"], at=request.now)
    found = request_address(user=person, address=str(request.visit.address), reason=asked["reason"], hours=asked["hours"], at=request.now)
    return _page(request, "access/address_filed.html", {"asked": found}, 200)


def _within(request: HttpRequest, action: str) -> bool:
    used = ratelimit.consume(request, app="garant.access.address", action=action, config=RATES, limit_get=True)
    return used is not None


def _page(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    """Render without the tenant: what the base page would say of the organisation (its name) is not for strangers."""
    stranger = copy.copy(request)
    del stranger.tenant  # type: ignore[attr-defined]
    address = str(request.visit.address)  # type: ignore[attr-defined]
    return render(stranger, template, {**context, "address": address}, status=status)
