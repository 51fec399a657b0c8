"""Passwords: argon2id in the table of an optional application, so that a deployment can do without (CIR-26, CIR-27)."""

import uuid
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import models

from garant.access.service.sessions import end_sessions_of
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.identity import queries as identity
from garant.identity.service import current_tenant
from garant.kernel.errors import InputError, Refused


class WeakPassword(InputError):
    """This password is too easy to guess. `reasons`: sentences in the language of the page."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


def set_password(*, user: uuid.UUID, raw: str, actor: str, at: datetime, but: str = "") -> None:
    """Give a person a password and end their sessions, but the one with the digest `but` (v5.0.0-7.4.3).

    Raises WeakPassword, InputError for an unknown person, Refused where the deployment has no passwords.
    """
    person = identity.user(user)
    if person is None or person.tenant_id != current_tenant():
        raise InputError("there is no such person in this organisation")
    try:
        validate_password(raw, person)
    except ValidationError as error:
        raise WeakPassword(list(error.messages)) from error
    credentials().objects.update_or_create(
        user_id=user, defaults={"tenant_id": current_tenant(), "encoded": make_password(raw), "changed_at": at}
    )
    audit.append(Kind.PASSWORD_SET, at=at, actor=actor, tenant=current_tenant(), payload={"user": str(user)})
    end_sessions_of(user=user, actor=actor, at=at, but=but, why="password")


def drop_password(*, user: uuid.UUID) -> None:
    """The person has no password any more."""
    credentials().objects.filter(user_id=user, tenant_id=current_tenant()).delete()


def credentials() -> Any:
    """The table of passwords. Raises Refused where its application is not installed."""
    try:
        model: type[models.Model] = apps.get_model("access_password", "Credential")
    except LookupError:
        raise Refused("this deployment keeps no passwords") from None
    return model
