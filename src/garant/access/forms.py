"""What people type to come in. Everything is checked here or below; the browser is trusted with nothing."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from garant.access.policy import totp
from garant.access.service.factors import accept_code
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.identity.service import current_tenant

LONGEST_PASSWORD = 1024
"""Characters. Argon2 would take more, and be slow about it."""


class Form(forms.Form):
    """A form of Garant: no browser checks, so that every browser shows the same messages."""

    use_required_attribute = False
    error_css_class = "en-erreur"


def password_field(label: Any, autocomplete: str, help_text: Any = "") -> forms.CharField:
    """A password as it was typed, spaces included. Pasting and password managers are welcome (WCAG 3.3.8, v5.0.0-6.2.7)."""
    return forms.CharField(
        label=label,
        strip=False,
        max_length=LONGEST_PASSWORD,
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )


def code_field(label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=40,
        help_text=help_text,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "code", "spellcheck": "false"}),
    )


class LoginForm(Form):
    """First step: who, and a password. `user` is set when they go together."""

    login = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = password_field(_("Password"), "current-password")
    user: Any = None

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not self.errors:
            adapter = get_adapter(self.request)
            self.user = adapter.authenticate(self.request, username=given["login"], password=given["password"])
            if self.user is None:
                raise adapter.validation_error("username_password_mismatch")
        return given


class CodeForm(Form):
    """Second step: a code of the application, or a recovery code. Tries are counted per person; a right code is used up."""

    code = code_field(_("Six-digit code"), _("From your authenticator application. You may paste it. A recovery code is accepted too."))
    factor: Authenticator | None = None

    def __init__(self, *args: Any, user: Any, at: datetime, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.at, self.address = user, at, address

    def clean_code(self) -> str:
        clear = counted(self.user, self.at, self.address)
        typed: str = self.cleaned_data["code"]
        self.factor = accept_code(user=self.user.pk, code=typed, at=self.at)
        if self.factor is None:
            log_refused_code(self.user.pk, self.at, "code", self.address)
            raise get_adapter().validation_error("incorrect_code")
        clear()
        return typed


class EnrolForm(Form):
    """The first code of a new application proves that it was set up well."""

    code = code_field(_("Six-digit code"), _("The one that the application shows now. You may paste it."))

    def __init__(self, *args: Any, user: Any, secret: bytes, at: datetime, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.secret, self.at, self.address = user, secret, at, address

    def clean_code(self) -> str:
        clear = counted(self.user, self.at, self.address)
        typed: str = self.cleaned_data["code"]
        if totp.matching_step(self.secret, typed, self.at, None) is None:
            log_refused_code(self.user.pk, self.at, "code of a new application", self.address)
            raise get_adapter().validation_error("incorrect_code")
        clear()
        return typed


class NewPasswordForm(Form):
    """A new password, once: it can be shown by the browser and pasted, so typing it twice would prove nothing."""

    password = password_field(_("New password"), "new-password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = " ".join(password_validators_help_texts())


class ChangePasswordForm(NewPasswordForm):
    """The present password, then the new one."""

    present = password_field(_("Present password"), "current-password")
    field_order = ["present", "password"]

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_present(self) -> str:
        return _own_password(self.user, self.cleaned_data["present"])


class ReauthenticateForm(Form):
    """The same person again, before something that matters."""

    password = password_field(_("Password"), "current-password")

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        return _own_password(self.user, self.cleaned_data["password"])


def _own_password(user: Any, typed: str) -> str:
    if not get_adapter().reauthenticate(user, typed):
        raise get_adapter().validation_error("incorrect_password")
    return typed


def counted(user: Any, at: datetime, address: str) -> Callable[[], None]:
    """One try of a code less for this person; what it returns forgets the tries. Raises ValidationError when none is left."""
    try:
        clear: Callable[[], None] = check_rate_limit(user)
    except ValidationError:
        log_refused_code(user.pk, at, "too many tries", address)
        raise
    return clear


def log_refused_code(user: uuid.UUID, at: datetime, why: str, address: str) -> None:
    """A code was refused: at the second step of a login, or where an application is set up."""
    audit.append(Kind.LOGIN_FAILED, at=at, actor=str(user), tenant=current_tenant(), payload={"why": why, "address": address})
