"""django-allauth, hardened: its extension points and nothing else; no signal, no fork, no patch.

- People are looked up by login name within the tenant of the transaction; an unknown name costs the same work as a known one.
- A deactivated person is refused in the words of a wrong password.
- Tries are counted per tenant, login name and network, over all processes (`engines.tries`).
- Secrets of factors are sealed to their person: a row copied to somebody else does not open.
- A login that stopped between its steps goes on only while what it proved still holds (`engines.halfway`).
- The client's address is the edge's word; nothing that a client sends is believed.
"""

import contextlib
import contextvars
import functools
import uuid
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.stages import LoginStage
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from garant.access.engines import halfway, tries
from garant.access.policy.factors import Step, decide_factor
from garant.access.policy.tries import Door
from garant.access.queries.settings import settings
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.identity.queries import person_by_login
from garant.identity.service import current_tenant
from garant.vault import service as vault

FACTORS = {"totp": "totp", "recovery_codes": "recovery"}
"""The library's names of factors, and ours."""


class TenantBackend(AuthenticationBackend):  # type: ignore[misc]  # the library has no types
    """Login name and password, in one tenant (ASO-17, INT-33)."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Any:  # noqa: ARG002  the library's signature
        """The person, or None. The same work is done for a name that does not exist (no list of names by the clock)."""
        login, password = credentials.get("username"), credentials.get("password")
        if not login or not password:
            return None
        decoy = _decoy()
        person = person_by_login(login, current_tenant())
        known = person is not None and person.has_usable_password()
        right = check_password(password, person.encoded_password if person is not None and known else decoy)
        return person if right and known and person is not None and person.is_active else None

    def get_user(self, user_id: Any) -> Any:
        """A person of the transaction's tenant; None for another tenant's and for one who was deactivated."""
        return get_user_model().objects.select_related("credential").filter(pk=user_id, tenant_id=current_tenant(), is_active=True).first()


@functools.cache
def _decoy() -> str:
    return make_password("a password that nobody has")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """What the library asks us about accounts."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("This user name and this password do not go together."),
        "incorrect_password": _("This is not your password."),
        "too_many_login_attempts": _("Too many tries. Wait five minutes, then try again."),
        "rate_limited": _("Too many tries. Wait five minutes, then try again."),
        "incorrect_code": _("This code was not accepted. Type the one that is shown now."),
    }

    def get_login_stages(self) -> list[str]:
        return ["allauth.mfa.stages.AuthenticateStage", "garant.access.engines.allauth.EnrolStage"]

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Paths of this very host; never another host, the operator's or another tenant's included."""
        return bool(url) and str(url).startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_client_ip(self, request: HttpRequest) -> str:
        address = request.visit.address  # type: ignore[attr-defined]
        if address is None:
            raise PermissionDenied("this request did not come through the edge")
        return str(address)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The application; on the operator's host, its console."""
        if not request.tenant.operator:  # type: ignore[attr-defined]
            return "/"
        return "/en/console/" if (get_language() or "").startswith("en") else "/fr/console/"

    def get_logout_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        return reverse("account_login")

    def set_password(self, user: Any, password: str) -> None:
        """Not by the library: the verb ends sessions and writes the entry."""
        raise NotImplementedError("use access.service.set_password")

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The pages say what happened; no message is kept in the session."""

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """No mail leaves from here; the audit entry is the notice."""

    door = Door.LOGIN
    """Where the password was typed: each door has its own counts."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """One try less, or none left: by tenant, name and network, over all processes."""
        self._login_failed_rl_usage = tries.take(request, door=self.door, login=str(credentials.get("username", "")))
        if not self._login_failed_rl_usage:
            self._log_refusal(request, "too many tries", credentials)
            raise self.validation_error("too_many_login_attempts")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        self._log_refusal(request, "password", credentials)

    def reauthenticate(self, user: Any, password: str) -> bool:
        self.door = Door.AGAIN
        found = self.authenticate(context.request, username=user.login, password=password)
        return found is not None and found.pk == user.pk

    def login(self, request: HttpRequest, user: Any) -> None:
        """The login is complete: new identifier, the factor goes with the session, one entry. Given up if its steps no longer hold."""
        if not halfway.holds(request, user.pk, last=True):
            raise ImmediateHttpResponse(halfway.give_up(request, user.pk))
        del request.session[halfway.BOUND]
        records = get_authentication_records(request, user)
        passed = [FACTORS[record["type"]] for record in records if record.get("method") == "mfa" and record.get("type") in FACTORS]
        super().login(request, user)
        factor = passed[-1] if passed else ""
        request.session.open_as_person(factor)  # type: ignore[attr-defined]
        audit.append(
            Kind.LOGGED_IN,
            at=request.now,  # type: ignore[attr-defined]
            actor=str(user.pk),
            tenant=current_tenant(),
            payload={"address": self.get_client_ip(request), "factor": factor},
        )

    def logout(self, request: HttpRequest) -> None:
        """The session's row is deleted, and the edge forgets its decisions."""
        actor = str(request.user.pk)
        super().logout(request)
        audit.append(Kind.SESSION_ENDED, at=request.now, actor=actor, tenant=current_tenant(), payload={"by": "logout"})  # type: ignore[attr-defined]

    def _log_refusal(self, request: HttpRequest, why: str, credentials: dict[str, Any]) -> None:
        """What was typed as a name is not kept: people type their password there."""
        person = person_by_login(str(credentials.get("username", "")), current_tenant())
        audit.append(
            Kind.LOGIN_FAILED,
            at=request.now,  # type: ignore[attr-defined]
            actor=str(person.pk) if person is not None else "unknown",
            tenant=current_tenant(),
            payload={"why": why, "address": self.get_client_ip(request)},
        )


_sealing: contextvars.ContextVar[tuple[uuid.UUID, str] | None] = contextvars.ContextVar("garant_sealing", default=None)


@contextlib.contextmanager
def secrets_of(user: uuid.UUID, kind: str) -> Iterator[None]:
    """Inside, the library's secrets are sealed for, and opened as, this person's `totp` or `recovery_codes`."""
    token = _sealing.set((user, kind))
    try:
        yield
    finally:
        _sealing.reset(token)


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """What the library asks us about factors."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
    }

    def encrypt(self, text: str) -> str:
        """Under the class of Garant's own: the application, which is given keys of its classes, opens and makes no factor."""
        user, kind = _place()
        sealed = vault.seal(
            tenant=current_tenant(),
            table="mfa_authenticator",
            column=f"data.{kind}",
            row=str(user),
            plaintext=text.encode(),
            data_class=vault.OWN_CLASS,
        )
        return b64encode(sealed).decode()

    def decrypt(self, encrypted_text: str) -> str:
        user, kind = _place()
        return vault.unseal(
            tenant=current_tenant(), table="mfa_authenticator", column=f"data.{kind}", row=str(user), envelope=b64decode(encrypted_text)
        ).decode()


def sealed_elsewhere(encrypted_text: str) -> bool:
    """Whether a factor's secret lies under another class than Garant's own, as all did once: it is then sealed again at its next use."""
    return vault.sealed_as(tenant=current_tenant(), envelope=b64decode(encrypted_text)) != vault.OWN_CLASS


def _place() -> tuple[uuid.UUID, str]:
    place = _sealing.get()
    if place is None:
        raise RuntimeError("a factor's secret is sealed to a person: enter secrets_of(user, kind) first")
    return place


class EnrolStage(LoginStage):  # type: ignore[misc]
    """Between the password and the session: whoever must have a factor sets it up, the others are urged to (ASO-18, ASO-19)."""

    key = "garant_enrol"
    urlname = "access_enrol"

    def handle(self) -> tuple[HttpResponseRedirect | None, bool]:
        user = self.login.user
        if user is None:
            return None, False
        enrolled = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists()
        if decide_factor(settings().factor_rule, enrolled=enrolled) in (Step.ENROL, Step.URGE):
            return HttpResponseRedirect(reverse(self.urlname)), True
        return None, True
