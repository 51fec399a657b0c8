"""Section "Personnes": who belongs to the organisation, with which roles (EHQ-23, EHQ-27, EHQ-45, INT-32, INT-33)."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from garant.access import service
from garant.access.queries.people import Person, people
from garant.identity.service import Taken
from garant.kernel.errors import InputError, Refused
from garant.web import desk
from garant.web.desk import actor, administrator, console, now_of, said
from garant.web.forms import PersonForm, RolesForm


@require_GET
@administrator
def index(request: HttpRequest) -> HttpResponse:
    """Everybody, active ones first."""
    found = sorted(_everybody(), key=lambda one: (not one.active, one.name.casefold()))
    return console(request, "web/console/people.html", "people", {"people": found, "me": desk.person(request)})


@require_http_methods(["GET", "POST"])
@administrator
def add(request: HttpRequest) -> HttpResponse:
    """A new person, and the link by which they choose their password."""
    form = PersonForm(request.POST or None, roles=_roles())
    if request.method == "POST" and form.is_valid():
        try:
            invited = service.invite_user(
                login=form.cleaned_data["login"],
                name=form.cleaned_data["name"],
                email=form.cleaned_data["email"],
                roles=tuple(form.cleaned_data["roles"]),
                at=now_of(request),
                actor=actor(request),
            )
        except Taken:
            form.add_error("login", gettext("This user name or this e-mail address is taken in your organisation."))
        except InputError as error:
            form.add_error("login", said(error))
        else:
            return console(
                request, "web/console/person_invited.html", "people", {"link": _link(request, invited.token), "invited": invited}
            )
    return console(request, "web/console/person_add.html", "people", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@administrator
def person(request: HttpRequest, user: uuid.UUID) -> HttpResponse:
    """One person: their roles to change, and what can be done about them."""
    found = _person(user)
    form = RolesForm(request.POST or None, roles=_roles(), initial={"roles": list(found.roles)})
    if request.method == "POST" and form.is_valid():
        try:
            service.change_roles(
                user=user,
                roles=tuple(form.cleaned_data["roles"]),
                confirm="confirm" in request.POST,
                at=now_of(request),
                actor=actor(request),
            )
        except service.Confirm as error:
            confirm = {"person": found, "form": form, "danger": said(error)}
            return console(request, "web/console/roles_confirm.html", "people", confirm, status=409)
        except (InputError, Refused) as error:
            form.add_error("roles", said(error))
        else:
            messages.success(request, gettext("The roles of %(person)s were changed.") % {"person": found.name})
            return redirect("console:people")
    context = {"person": found, "form": form, "me": desk.person(request)}
    return console(request, "web/console/person.html", "people", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@administrator
def deactivate(request: HttpRequest, user: uuid.UUID) -> HttpResponse:
    """Shut a person out, after a confirmation: every session ends."""
    found = _person(user)
    context: dict[str, object] = {"person": found}
    if request.method == "POST":
        try:
            service.deactivate_user(user=user, confirm="confirm" in request.POST, at=now_of(request), actor=actor(request))
        except (InputError, Refused) as error:
            return console(request, "web/console/person_deactivate.html", "people", {**context, "danger": said(error)}, status=409)
        messages.success(request, gettext("%(person)s can no longer sign in.") % {"person": found.name})
        return redirect("console:people")
    return console(request, "web/console/person_deactivate.html", "people", context)


@require_POST
@administrator
def reactivate(request: HttpRequest, user: uuid.UUID) -> HttpResponse:
    """Let a person in again, with the roles they have."""
    found = _person(user)
    service.reactivate_user(user=user, at=now_of(request), actor=actor(request))
    messages.success(request, gettext("%(person)s can sign in again.") % {"person": found.name})
    return redirect("console:people")


@require_http_methods(["GET", "POST"])
@administrator
def reset_factor(request: HttpRequest, user: uuid.UUID) -> HttpResponse:
    """Forget a person's second factor, after a confirmation: they enrol again at the next sign-in."""
    found = _person(user)
    if request.method == "POST":
        service.reset_factors(user=user, at=now_of(request), actor=actor(request))
        messages.success(request, gettext("%(person)s will set up a new second factor at the next sign-in.") % {"person": found.name})
        return redirect("console:people")
    return console(request, "web/console/person_factor.html", "people", {"person": found})


@require_http_methods(["GET", "POST"])
@administrator
def new_link(request: HttpRequest, user: uuid.UUID) -> HttpResponse:
    """A new one-time link to choose a password, after a confirmation: the old password no longer works."""
    found = _person(user)
    if request.method == "POST":
        invited = service.reset_password(user=user, at=now_of(request), actor=actor(request))
        return console(request, "web/console/person_invited.html", "people", {"link": _link(request, invited.token), "invited": invited})
    return console(request, "web/console/person_password.html", "people", {"person": found})


@require_POST
@administrator
def end_sessions(request: HttpRequest, user: uuid.UUID) -> HttpResponse:
    """Close every session of a person."""
    found = _person(user)
    service.end_sessions_of(user=user, at=now_of(request), actor=actor(request))
    messages.success(request, gettext("Every session of %(person)s was closed.") % {"person": found.name})
    return redirect("console:people")


def _everybody() -> list[Person]:
    """People whom administrators manage: not the account that Garant keeps for its own trials."""
    return [one for one in people() if not one.canary]


def _person(user: uuid.UUID) -> Person:
    found = next((one for one in _everybody() if one.id == user), None)
    if found is None:
        raise Http404
    return found


def _link(request: HttpRequest, token: str) -> str:
    return request.build_absolute_uri(reverse("access_invitation", args=[token]))


def _roles() -> list[tuple[str, str]]:
    """Roles to choose from: the two that exist everywhere, those that the application's routes name, those that somebody holds."""
    built_in = {"member": gettext("Member: uses the application"), "admin": gettext("Administrator: this console too")}
    named = {role for route in settings.GARANT.application.routes for role in route.roles}
    held = {role for one in _everybody() for role in one.roles}
    return [*built_in.items(), *((role, role) for role in sorted((named | held) - set(built_in)))]
