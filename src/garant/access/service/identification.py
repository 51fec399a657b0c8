"""Who is this, for one act only: login name, password and second factor, checked as at login, without opening a session.

The same back end and the same memory of used codes as at login; one answer for a wrong name, a wrong password and a wrong code. Tries of
passwords have counts of their own, since anybody reaches this page: nobody is kept from signing in by what strangers type here. Tries
of codes, which come after a right password, are counted per person as at login.
"""

import uuid
from datetime import datetime
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.base.internal.flows import check_rate_limit
from django.core.exceptions import ValidationError

from garant.access.policy.tries import Door
from garant.access.service.factors import accept_code
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.identity.service import current_tenant
from garant.kernel.errors import Refused


class NotIdentified(Refused):
    """The user name, the password and the code do not go together."""


class TooManyTries(Refused):
    """Too many tries. Wait five minutes, then try again."""


def identify(request: Any, *, login: str, password: str, code: str, at: datetime) -> uuid.UUID:
    """The person, fully identified; their code is used up. Raises NotIdentified, TooManyTries. `request`: Django's, as at login."""
    try:
        adapter = get_adapter(request)
        adapter.door = Door.ADDRESS
        person = adapter.authenticate(request, username=login, password=password)
        if person is None:
            raise NotIdentified
        forget_tries = check_rate_limit(person)
    except ValidationError:
        raise TooManyTries from None
    if accept_code(user=person.pk, code=code, at=at) is None:
        address = str(getattr(request.visit, "address", "") or "")
        audit.append(Kind.LOGIN_FAILED, at=at, actor=str(person.pk), tenant=current_tenant(), payload={"why": "code", "address": address})
        raise NotIdentified
    forget_tries()
    found: uuid.UUID = person.pk
    return found
