"""My account: my sessions, my factor, my password."""

import contextlib
import functools
import uuid
from collections.abc import Callable
from typing import Any

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate, reauthenticate_by_password
from allauth.account.utils import get_next_redirect_url
from django.contrib.auth import get_user_model, update_session_auth_hash
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from garant.access.forms import ChangePasswordForm, ReauthenticateForm
from garant.access.policy.factors import may_remove
from garant.access.policy.reasons import Reason
from garant.access.queries import factor, live_sessions, settings
from garant.access.service.factors import FactorRequired, codes_left, make_recovery_codes, remove_factor
from garant.access.service.passwords import WeakPassword, set_password
from garant.access.service.sessions import end_session
from garant.access.views import gate
from garant.access.views.login import AFTER, CODES, enrolment, page
from garant.kernel.errors import InputError

View = Callable[..., HttpResponse]


def signed_in(view: View) -> View:
    """Only with a decision; a person without a role may still look after their own account."""

    @functools.wraps(view)
    @never_cache
    def checked(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        reason = request.decision.reason
        if reason in (Reason.GRANTED, Reason.NO_ROLE) and request.user.is_authenticated:
            return view(request, *args, **kwargs)
        return gate.gate(request)

    return checked


def freshly(view: View) -> View:
    """Only with the password typed within the last minutes (v5.0.0-7.5.1)."""

    @functools.wraps(view)
    def checked(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if did_recently_reauthenticate(request):
            return view(request, *args, **kwargs)
        back = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("access_account")
        return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': back})}")

    return signed_in(checked)


@page
@signed_in
def account(request: Any) -> HttpResponse:
    """My sessions, my factor, my password."""
    user = request.user
    shown = {
        "sessions": live_sessions(now=request.now, user=user.pk, current=request.session.digest),
        "factor": factor(user.pk),
        "codes_left": codes_left(user=user.pk),
        "may_remove": may_remove(settings().factor_rule),
        "settings": settings(),
        "now": request.now,
    }
    return render(request, "access/account.html", shown)


@require_POST
@signed_in
def end(request: Any, session: uuid.UUID) -> HttpResponse:
    """End one of my sessions; ended already is as good."""
    with contextlib.suppress(InputError):
        end_session(session=session, actor=str(request.user.pk), at=request.now, user=request.user.pk)
    if not request.session.exists(request.session.session_key):
        request.session.flush()
        return HttpResponseRedirect(reverse("account_login"))
    return HttpResponseRedirect(reverse("access_account"))


@page
@signed_in
@sensitive_post_parameters("present", "password")
def password(request: Any) -> HttpResponse:
    """A new password: every other session ends, this one gets a new identifier."""
    user = request.user
    form = ChangePasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            set_password(user=user.pk, raw=form.cleaned_data["password"], actor=str(user.pk), at=request.now, but=request.session.digest)
        except WeakPassword as weak:
            form.add_error("password", weak.reasons)
        else:
            request.user = get_user_model().objects.select_related("credential").get(pk=user.pk)
            update_session_auth_hash(request, request.user)
            return HttpResponseRedirect(reverse("access_account"))
    return render(request, "access/password.html", {"form": form}, status=400 if form.errors else 200)


@page
@signed_in
@sensitive_post_parameters("password")
def reauthenticate(request: Any) -> HttpResponse:
    """The password again, before something that matters."""
    form = ReauthenticateForm(request.POST or None, user=request.user)
    target = get_next_redirect_url(request) or reverse("access_account")
    if request.method == "POST" and form.is_valid():
        reauthenticate_by_password(request)
        request.session.cycle_key()
        return HttpResponseRedirect(target)
    return render(request, "access/reauthenticate.html", {"form": form, "next": target}, status=400 if form.errors else 200)


@page
@freshly
@sensitive_post_parameters("code")
def enrol(request: Any) -> HttpResponse:
    """Set up an application of codes, later than at login."""
    if factor(request.user.pk) is not None:
        return HttpResponseRedirect(reverse("access_account"))
    return enrolment(request, request.user, "access/enrol.html", {"optional": True, "at_login": False})


@require_POST
@freshly
def remove(request: Any) -> HttpResponse:
    """Give up my factor, where the organisation allows it; my other sessions end."""
    try:
        remove_factor(user=request.user.pk, actor=str(request.user.pk), at=request.now, but=request.session.digest)
    except FactorRequired:
        raise Http404 from None
    request.session.cycle_key()
    request.session.pass_factor("")
    return HttpResponseRedirect(reverse("access_account"))


@page
@signed_in
def codes(request: Any) -> HttpResponse:
    """Recovery codes, shown once. POST makes new ones."""
    if request.method == "POST":
        return _new_codes(request)
    shown = {"codes": request.session.pop(CODES, None), "after": request.session.pop(AFTER, None) or reverse("access_account")}
    return render(request, "access/codes.html", shown)


@freshly
def _new_codes(request: Any) -> HttpResponse:
    try:
        request.session[CODES] = make_recovery_codes(user=request.user.pk, actor=str(request.user.pk), at=request.now)
    except InputError:
        raise Http404 from None
    return HttpResponseRedirect(reverse("access_codes"))
