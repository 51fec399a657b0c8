"""Coming in and going out: password, code, enrolment, invitation, logout."""

import functools
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.login import perform_password_login, record_authentication
from allauth.account.internal.stagekit import get_pending_stage
from allauth.account.models import Login
from allauth.account.utils import get_login_redirect_url, get_next_redirect_url
from allauth.core import ratelimit
from allauth.core.internal import ratelimit as counts
from allauth.mfa.stages import AuthenticateStage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from garant.access.engines import halfway
from garant.access.engines.allauth import EnrolStage
from garant.access.engines.enrolment import drawing, key_uri, new_secret
from garant.access.forms import CodeForm, EnrolForm, LoginForm, NewPasswordForm
from garant.access.policy.factors import Step, decide_factor
from garant.access.policy.totp import spoken
from garant.access.queries import settings
from garant.access.service.factors import enrol_totp
from garant.access.service.passwords import WeakPassword
from garant.access.service.people import accept_invitation, invited

SECRET = "_enrolment"
CODES = "_codes"
AFTER = "_after"

RATES = {"login": "120/m/ip"}
"""Tries to sign in from one address, right or wrong, as at the edge: a town hall stands behind one. Wrong ones count by name too."""

page = require_http_methods(["GET", "HEAD", "POST"])
View = Callable[..., HttpResponse]


def step(key: str, *, last: bool) -> Callable[[View], View]:
    """A step of the login after the password, reached only while what the steps before proved still holds."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def checked(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            user = request._login_stage.login.user
            if user is None or not halfway.holds(request, user.pk, last=last):
                return halfway.give_up(request, user.pk if user is not None else None)
            return view(request, *args, **kwargs)

        required: View = login_stage_required(stage=key, redirect_urlname="account_login")(checked)
        return required

    return decorate


@page
@never_cache
@sensitive_post_parameters("password")
def login(request: Any) -> HttpResponse:
    """Step 1: user name and password (ASO-17, INT-32)."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(get_login_redirect_url(request, get_next_redirect_url(request)))
    if counts.consume(request, app="garant.access.login", action="login", config=RATES) is None:
        return too_many(request)
    form = LoginForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        halfway.bind(request, form.user)
        attempt = Login(user=form.user, redirect_url=get_next_redirect_url(request))
        response: HttpResponse = perform_password_login(request, {"username": form.cleaned_data["login"]}, attempt)
        if get_pending_stage(request) is not None:
            request.session.cycle_key()
        return response
    shown = {"form": form, "next": get_next_redirect_url(request) or "", "fault": request.session.fault, "address": request.visit.address}
    return render(request, "access/login.html", shown, status=400 if form.errors else 200)


@page
@step(AuthenticateStage.key, last=False)
@sensitive_post_parameters("code")
def factor(request: Any) -> HttpResponse:
    """Step 2: a code of the application, or a recovery code."""
    stage = request._login_stage
    user = stage.login.user
    form = CodeForm(request.POST or None, user=user, at=request.now, address=str(request.visit.address))
    if request.method == "POST" and form.is_valid() and form.factor is not None:
        record_authentication(request, user, "mfa", id=form.factor.pk, type=str(form.factor.type))
        response: HttpResponse = stage.exit()
        return response
    return render(request, "access/factor.html", {"form": form}, status=400 if form.errors else 200)


@page
@step(EnrolStage.key, last=True)
@sensitive_post_parameters("code")
def enrol_at_login(request: Any) -> HttpResponse:
    """Step 2 for whoever has no factor yet: required, or urged (ASO-18, ASO-19). The login completes afterwards."""
    stage = request._login_stage
    user = stage.login.user
    optional = decide_factor(settings().factor_rule, enrolled=False) is not Step.ENROL
    if request.method == "POST" and optional and "later" in request.POST:
        response: HttpResponse = stage.exit()
        return response
    return enrolment(request, user, "access/enrol.html", {"optional": optional, "at_login": True}, stage)


def enrolment(request: Any, user: Any, template: str, shown: dict[str, Any], stage: Any = None) -> HttpResponse:
    """Show the QR code; on a right code, enrol and go on to the recovery codes."""
    secret = pending_secret(request)
    form = EnrolForm(request.POST or None, user=user, secret=secret, at=request.now, address=str(request.visit.address))
    if request.method == "POST" and form.is_valid():
        codes = enrol_totp(user=user.pk, secret=secret, code=form.cleaned_data["code"], actor=str(user.pk), at=request.now)
        del request.session[SECRET]
        record_authentication(request, user, "mfa", type="totp", reauthenticated=stage is None or None)
        after = stage.exit().url if stage is not None else reverse("access_account")
        if stage is None:
            request.session.cycle_key()
            request.session.pass_factor("totp")
        request.session[CODES], request.session[AFTER] = codes, after
        return HttpResponseRedirect(reverse("access_codes"))
    uri = key_uri(secret, request.tenant.name, user.login)
    # The drawing is made of numbers by our own engine.
    shown = {**shown, "form": form, "qr": mark_safe(drawing(uri)), "uri": uri, "secret": in_fours(spoken(secret))}  # noqa: S308
    return render(request, template, shown, status=400 if form.errors else 200)


@page
@never_cache
@sensitive_post_parameters("password")
def invitation(request: Any, token: str) -> HttpResponse:
    """Choose a first password, or a new one, by a one-time link."""
    limited: HttpResponse | None = ratelimit.consume_or_429(request, action="login", limit_get=True)
    if limited is not None:
        return too_many(request)
    if invited(token=token, at=request.now) is None:
        return render(request, "access/invitation_dead.html", status=410)
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            accept_invitation(token=token, raw=form.cleaned_data["password"], at=request.now)
        except WeakPassword as weak:
            form.add_error("password", weak.reasons)
        else:
            return HttpResponseRedirect(reverse("account_login"))
    return render(request, "access/invitation.html", {"form": form}, status=400 if form.errors else 200)


@page
@never_cache
def logout(request: Any) -> HttpResponse:
    """POST ends the session; GET asks (a link must not log anyone out)."""
    if request.method != "POST":
        return render(request, "access/logout.html")
    adapter = get_adapter(request)
    if request.user.is_authenticated:
        adapter.logout(request)
    else:
        request.session.flush()
    return HttpResponseRedirect(adapter.get_logout_redirect_url(request))


def pending_secret(request: Any) -> bytes:
    """The secret that is being set up: kept in the session, which is sealed, until a code proves it."""
    if SECRET not in request.session:
        request.session[SECRET] = b64encode(new_secret()).decode()
    return b64decode(request.session[SECRET])


def in_fours(text: str) -> str:
    """`ABCD EFGH …`: what a person can copy."""
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def too_many(request: HttpRequest) -> HttpResponse:
    """429, and when to try again."""
    response = render(request, "access/too_many.html", status=429)
    response["Retry-After"] = "60"
    return response
