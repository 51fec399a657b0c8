"""Section "Accès" of the tenant's console: who asks to come in, from where one may, who is there now."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from garant.access import queries as access
from garant.access import service
from garant.kernel.errors import InputError
from garant.web import desk
from garant.web.desk import actor, administrator, console, now_of, said
from garant.web.forms import DecisionForm, RuleForm
from garant.web.people import names


@require_GET
@administrator
def index(request: HttpRequest) -> HttpResponse:
    """Requests that wait, address rules, live sessions."""
    now = now_of(request)
    requests = access.address_requests()
    return console(
        request,
        "web/console/access.html",
        "access",
        {
            "now": now,
            "requests": [(asked, DecisionForm(initial={"hours": asked.hours}, prefix=str(asked.id)[:8])) for asked in requests],
            "rules": access.address_rules(),
            "names": names(),
            "live": access.live_sessions(now=now, current=desk.session(request)),
            "address": desk.address(request),
        },
    )


@require_http_methods(["GET", "POST"])
@administrator
def add_rule(request: HttpRequest) -> HttpResponse:
    """Allow or deny a network. What would shut its author out, or open the door, is asked again."""
    form = RuleForm(request.POST or None)
    context: dict[str, object] = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            service.add_rule(
                network=form.cleaned_data["network"],
                verdict=form.cleaned_data["verdict"],
                classes=form.cleaned_data["classes"],
                label=form.cleaned_data["label"],
                expires_at=form.expires_at(),
                address=desk.address(request),
                confirm="confirm" in request.POST,
                at=now_of(request),
                actor=actor(request),
            )
        except service.LockOut as error:
            return console(request, "web/console/rule_confirm.html", "access", {**context, "danger": said(error)}, status=409)
        except InputError as error:
            form.add_error("network", said(error))
        else:
            messages.success(request, gettext("%(network)s was added.") % {"network": form.cleaned_data["network"]})
            return redirect("console:access")
    return console(request, "web/console/rule.html", "access", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@administrator
def remove_rule(request: HttpRequest, rule: uuid.UUID) -> HttpResponse:
    """Take a network away, on a page of its own; what would shut its author out is asked again."""
    found = next((line for line in access.address_rules() if line.id == rule), None)
    if found is None:
        raise Http404
    context: dict[str, object] = {"rule": found}
    if request.method == "POST":
        try:
            service.remove_rule(
                rule=rule,
                address=desk.address(request),
                confirm="confirm" in request.POST,
                at=now_of(request),
                actor=actor(request),
            )
        except service.LockOut as error:
            return console(request, "web/console/rule_remove.html", "access", {**context, "danger": said(error)}, status=409)
        except service.NotPossible as error:
            return console(request, "web/console/rule_remove.html", "access", {**context, "impossible": said(error)}, status=409)
        messages.success(request, gettext("%(network)s was removed.") % {"network": found.network})
        return redirect("console:access")
    return console(request, "web/console/rule_remove.html", "access", context)


@require_POST
@administrator
def decide_request(request: HttpRequest, asked: uuid.UUID) -> HttpResponse:
    """Authorise or refuse a person's address (ASO-23)."""
    form = DecisionForm(request.POST, prefix=str(asked)[:8])
    try:
        if request.POST.get("decision") == "no":
            done = service.refuse_request(request=asked, at=now_of(request), actor=actor(request))
            messages.success(request, gettext("The request of %(person)s was refused.") % {"person": done.person})
        elif form.is_valid():
            done = service.approve_request(request=asked, hours=form.cleaned_data["hours"], at=now_of(request), actor=actor(request))
            messages.success(request, gettext("%(network)s is open for %(person)s.") % {"network": done.network, "person": done.person})
        else:
            messages.error(request, gettext("Choose for how long the address is open."))
    except service.NotPossible as error:
        messages.warning(request, said(error))
    return redirect("console:access")


@require_POST
@administrator
def end_session(request: HttpRequest, session: uuid.UUID) -> HttpResponse:
    """Close one session (INT-34..37): refused at the edge within the second."""
    try:
        service.end_session(session=session, at=now_of(request), actor=actor(request))
    except InputError:
        messages.warning(request, gettext("This session was closed already."))
    else:
        messages.success(request, gettext("The session was closed."))
    return redirect("console:access")
