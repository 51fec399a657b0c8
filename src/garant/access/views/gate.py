"""What comes here asked for the application without a live decision: explain, never serve.

- Anonymous GET or HEAD: to the login page, and back afterwards.
- Signed in but refused: 403 with the reason; never a redirect, which would come back here.
- Any other method: 401; a form that is lost is better than one that is posted to the login page.
"""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from garant.access.policy.reasons import Reason


def gate(request: Any) -> HttpResponse:
    """The answer to an application path. `request.decision` is asked afresh."""
    reason: Reason = request.decision.reason
    if reason not in (Reason.ADDRESS, Reason.SUSPENDED) and not reason.void and not request.user.is_authenticated:
        # The session is older than the person's password: Django has just ended it.
        reason = Reason.NO_SESSION
    if not reason.void:
        # A granted decision that came here all the same was refused at the edge: the route names a role.
        return refused(request, Reason.ROLE_MISSING if reason is Reason.GRANTED else reason)
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(gettext("Sign in, then try again.") + "\n", status=401, content_type="text/plain; charset=utf-8")
    return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': request.get_full_path()})}")


def refused(request: HttpRequest, reason: Reason) -> HttpResponse:
    """403, with the reason in words and in a header for programs."""
    shown = {"reason": reason, "address_refused": reason is Reason.ADDRESS, "address": request.visit.address}  # type: ignore[attr-defined]
    response = render(request, "access/refused.html", shown, status=403)
    response["X-Reason"] = reason.value
    return response
