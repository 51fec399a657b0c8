"""A login between its steps: what step 1 proved must still hold when the last step is done.

The row of a half-finished login has no person, so that nothing that ends a person's sessions reaches it, and the library carries
no more than the person's key from step to step. It is therefore bound to the password that was typed; at each step, and once more
before the session becomes the person's, it is given up when the password changed, the person was deactivated or went, or a factor
was set up elsewhere and none was passed here.
"""

import uuid
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from garant.access import fence
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.identity.service import current_tenant

BOUND = "_bound"
"""In the session: what the login is bound to, a keyed digest of the password's row as it was checked."""


def bind(request: Any, user: Any) -> None:
    """Step 1 is done. `user` as it was when the password was checked."""
    request.session[BOUND] = user.get_session_auth_hash()


def holds(request: Any, user: uuid.UUID, *, last: bool) -> bool:
    """Whether the login may go on. `last`: no step follows, so that a factor that exists must have been passed here.

    Passes the tenant's fence until the end of the transaction, and reads the person afresh behind it: whatever ends their sessions
    is either seen here, or sees the session that this request makes.
    """
    fence.pass_shared(current_tenant())
    model = get_user_model()
    person = model.objects.select_related("credential").filter(pk=user, tenant_id=current_tenant(), is_active=True).first()
    if person is None or not constant_time_compare(request.session.get(BOUND, ""), person.get_session_auth_hash()):
        return False
    return not last or passed_a_factor(request, person) or not _has_factor(user)


def give_up(request: Any, user: uuid.UUID | None) -> HttpResponseRedirect:
    """Nothing of the login stays; back to its first page, with a new identifier."""
    audit.append(
        Kind.LOGIN_FAILED,
        at=request.now,
        actor=str(user) if user is not None else "unknown",
        tenant=current_tenant(),
        payload={"why": "changed since", "address": str(request.visit.address)},
    )
    clear_login(request)
    request.session.flush()
    return HttpResponseRedirect(reverse("account_login"))


def passed_a_factor(request: Any, user: Any) -> bool:
    """Whether a second factor was passed in this very session."""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, user))


def _has_factor(user: uuid.UUID) -> bool:
    return bool(Authenticator.objects.filter(user_id=user).exclude(type=Authenticator.Type.RECOVERY_CODES).exists())
