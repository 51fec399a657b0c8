"""What the views share: the moment, who is there and whether they may, the frame of the consoles.

@operator_host      the page exists on the operator's host only
@administrator      a signed-in administrator of this tenant (EHQ-23, INT-32)
@staff              a signed-in person of the operator's own tenant, with the role `admin` or `staff`
"""

import functools
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext, gettext_noop

from garant.identity.queries import TenantFacts
from garant.identity.service import operator_scope
from garant.kernel.text import Text
from garant.web import i18n, wording

View = Callable[..., HttpResponse]

STAFF_ROLES = frozenset({"admin", "staff"})

REFUSALS = (
    gettext_noop("An organisation needs at least one active administrator. Name another one first."),
    gettext_noop("This would take your own access away. Confirm, if it is what you want."),
    gettext_noop("the idle limit is between 5 minutes and 24 hours"),
    gettext_noop("the longest session is between 1 hour and 7 days"),
    gettext_noop("an address opens for 1 to 24 hours"),
    gettext_noop("the idle limit cannot be longer than the longest session"),
    gettext_noop("a login name has 1 to 150 visible characters"),
    gettext_noop("there is no such person in this organisation"),
)
"""What verbs of other areas say in English only: named here so that the catalogues hold it."""


@dataclass(frozen=True)
class Section:
    """One line of a console's menu."""

    name: str
    href: str
    current: bool


def now_of(request: HttpRequest) -> datetime:
    """The one moment of this request, UTC; `access.middleware.Sessions` has read it."""
    found: datetime = request.now  # type: ignore[attr-defined]
    return found


def tenant_of(request: HttpRequest) -> TenantFacts:
    """The tenant of the host; `identity.middleware.TenantOfHost` has set it."""
    found: TenantFacts = request.tenant  # type: ignore[attr-defined]
    return found


def actor(request: HttpRequest) -> str:
    """The opaque id under which what this person does is logged."""
    return str(person(request))


def person(request: HttpRequest) -> uuid.UUID:
    """The id of the signed-in person."""
    found: uuid.UUID = request.decision.person  # type: ignore[attr-defined]
    return found


def address(request: HttpRequest) -> str:
    """The visitor's address as the edge saw it; the edge removes what a client sends under this name."""
    return str(request.META.get("HTTP_X_EDGE_IP") or request.META.get("REMOTE_ADDR", ""))


def session(request: HttpRequest) -> str:
    """The digest by which lists know the session that asks."""
    return str(getattr(request.session, "digest", ""))


def said(error: Exception) -> str:
    """What an error says, in the language of the page when it has both."""
    text = getattr(error, "text", None)
    return text.in_(get_language() or "fr-ca") if isinstance(text, Text) else gettext(str(error))


def operator_host(view: View) -> View:
    """404 on a tenant's host: the path belongs to its application."""

    @functools.wraps(view)
    def seen(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not tenant_of(request).operator:
            raise Http404
        return view(request, *args, **kwargs)

    return seen


def administrator(view: View) -> View:
    """A person of this tenant with the role `admin`; others are told why not. Who ends their own session is led to the sign-in page."""

    @functools.wraps(view)
    def seen(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        barred = _barred(request, frozenset({"admin"}))
        if barred is not None:
            return barred
        answer = view(request, *args, **kwargs)
        if request.method == "POST" and answer.status_code == 302 and not request.session.exists(request.session.session_key or ""):
            request.session.flush()
            return HttpResponseRedirect(reverse("account_login"))
        return answer

    return seen


def staff(view: View) -> View:
    """A person of the operator's tenant with a role, who then reads every tenant; on a tenant's host the page does not exist."""

    @functools.wraps(view)
    def seen(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not tenant_of(request).operator:
            raise Http404
        barred = _barred(request, STAFF_ROLES)
        if barred is not None:
            return barred
        with operator_scope():
            return view(request, *args, **kwargs)

    return seen


def console(request: HttpRequest, template: str, section: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """A page of the tenant's console, with its menu."""
    menu = [
        Section(name, reverse(f"console:{key}"), key == section)
        for key, name in (
            ("access", gettext("Access")),
            ("people", gettext("People")),
            ("settings", gettext("Settings")),
            ("places", gettext("Places")),
            ("journal", gettext("Journal")),
            ("evidence", gettext("Evidence")),
        )
    ]
    return render(request, template, {"sections": menu, **context}, status=status)


def _barred(request: HttpRequest, roles: frozenset[str]) -> HttpResponse | None:
    """None when `access` grants this person the host and one of the roles is theirs; else the way to the sign-in page.

    Raises PermissionDenied with the reason. The decision is the one that the edge would get: session, factor, address, roles.
    """
    decision = request.decision  # type: ignore[attr-defined]
    if decision.reason.void:
        return _to_login(request)
    if not decision.allowed:
        raise PermissionDenied(wording.text(decision.reason.text))
    if roles & set(decision.roles):
        return None
    raise PermissionDenied(
        gettext("This console is for the operator’s staff who hold the role “staff” or “admin”.")
        if "staff" in roles
        else gettext("This console is for the administrators of your organisation. Ask one of them to do this, or to give you the role.")
    )


def _to_login(request: HttpRequest) -> HttpResponse:
    login = f"/{i18n.RESERVED}{i18n.segment(get_language())}/login/"
    return HttpResponseRedirect(f"{login}?next={quote(request.get_full_path())}")
