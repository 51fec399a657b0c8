"""Second factors: enrolment, use, recovery codes, reset (ASO-18, ASO-19).

- A code is accepted once: the step is written by one guarded UPDATE, and of two requests with the same code one wins.
- Secrets are sealed to their person before they reach the table.
- Recovery codes are shown once; using one is an entry.
"""

import uuid
from base64 import b32decode, b32encode
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

from garant.access import fence
from garant.access.engines.allauth import FactorAdapter, sealed_elsewhere, secrets_of
from garant.access.models import TotpCounter
from garant.access.policy import totp
from garant.access.policy.factors import may_remove
from garant.access.queries.settings import settings
from garant.access.service.sessions import end_sessions_of
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.identity import queries as identity
from garant.identity.service import current_tenant
from garant.kernel.errors import InputError, Refused
from garant.vault import service as vault

TOTP, RECOVERY = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES


class WrongCode(InputError):
    """This code was not accepted."""


class FactorRequired(Refused):
    """This organisation requires a second factor."""


def enrol_totp(*, user: uuid.UUID, secret: bytes, code: str, actor: str, at: datetime) -> list[str]:
    """Give a person their application of codes, once it has shown a right one. Returns the recovery codes, to be shown once.

    Raises WrongCode; InputError when there is one already.
    """
    if Authenticator.objects.filter(user_id=user, type=TOTP).exists():
        raise InputError("this account has an authenticator application already")
    step = totp.matching_step(secret, code, at, None)
    if step is None:
        raise WrongCode()
    _require_keys(at, actor)
    with secrets_of(user, TOTP):
        from_library = Authenticator.objects.create(user_id=user, type=TOTP, data={"secret": _sealed_secret(secret)}, created_at=at)
    TotpCounter.objects.update_or_create(user_id=user, defaults={"tenant_id": current_tenant(), "last": step})
    audit.append(
        Kind.FACTOR_ADDED, at=at, actor=actor, tenant=current_tenant(), payload={"user": str(user), "factor": str(from_library.type)}
    )
    return make_recovery_codes(user=user, actor=actor, at=at)


def accept_code(*, user: uuid.UUID, code: str, at: datetime) -> Authenticator | None:
    """The factor that this code proves, used up; None when it proves nothing. The caller counts the tries."""
    for factor in Authenticator.objects.filter(user_id=user, type__in=[TOTP, RECOVERY]).order_by("-type"):
        accepted = _accept_totp(factor, code, at) if factor.type == TOTP else _accept_recovery(factor, code, at)
        if accepted:
            Authenticator.objects.filter(pk=factor.pk).update(last_used_at=at)
            factor.last_used_at = at
            _seal_again(user, at)
            return factor
    return None


def make_recovery_codes(*, user: uuid.UUID, actor: str, at: datetime) -> list[str]:
    """Ten new codes; former ones are dead. To be shown once."""
    person = identity.user(user)
    if person is None or not Authenticator.objects.filter(user_id=user, type=TOTP).exists():
        raise InputError("recovery codes come with an authenticator application")
    _require_keys(at, actor)
    Authenticator.objects.filter(user_id=user, type=RECOVERY).delete()
    with secrets_of(user, RECOVERY):
        codes = RecoveryCodes.activate(person).generate_codes()
    audit.append(Kind.RECOVERY_CODES_MADE, at=at, actor=actor, tenant=current_tenant(), payload={"user": str(user), "codes": len(codes)})
    return list(codes)


def remove_factor(*, user: uuid.UUID, actor: str, at: datetime, but: str = "") -> None:
    """A person gives up their factor. Raises FactorRequired where the organisation requires one."""
    if not may_remove(settings().factor_rule):
        raise FactorRequired()
    _remove(user=user, actor=actor, at=at, but=but, why="removed")


def reset_factors(*, user: uuid.UUID, actor: str, at: datetime) -> None:
    """An administrator takes a lost telephone off an account: sessions end, the next login enrols anew."""
    _remove(user=user, actor=actor, at=at, but="", why="reset")


def _remove(*, user: uuid.UUID, actor: str, at: datetime, but: str, why: str) -> None:
    if identity.user(user) is None:
        raise InputError("there is no such person in this organisation")
    fence.hold(current_tenant())
    gone, _ = Authenticator.objects.filter(user_id=user).delete()
    TotpCounter.objects.filter(user_id=user, tenant_id=current_tenant()).delete()
    audit.append(Kind.FACTOR_REMOVED, at=at, actor=actor, tenant=current_tenant(), payload={"user": str(user), "why": why, "factors": gone})
    end_sessions_of(user=user, actor=actor, at=at, but=but, why="factor")


def _accept_totp(factor: Authenticator, code: str, at: datetime) -> bool:
    last = TotpCounter.objects.filter(user_id=factor.user_id).values_list("last", flat=True).first()
    if last is None:
        return False
    step = totp.matching_step(_secret(factor), code, at, last)
    if step is None:
        return False
    return bool(TotpCounter.objects.filter(user_id=factor.user_id, last__lt=step).update(last=step))


def _accept_recovery(factor: Authenticator, code: str, at: datetime) -> bool:
    with secrets_of(factor.user_id, RECOVERY):
        accepted = RecoveryCodes(factor).validate_code(totp.typed(code))
    if accepted:
        audit.append(
            Kind.RECOVERY_CODE_USED,
            at=at,
            actor=str(factor.user_id),
            tenant=current_tenant(),
            payload={"user": str(factor.user_id), "left": codes_left(user=factor.user_id)},
        )
    return bool(accepted)


def codes_left(*, user: uuid.UUID) -> int:
    """How many recovery codes are still good."""
    factor = Authenticator.objects.filter(user_id=user, type=RECOVERY).first()
    if factor is None:
        return 0
    with secrets_of(user, RECOVERY):
        return len(RecoveryCodes(factor).get_unused_codes())


def _secret(factor: Authenticator) -> bytes:
    with secrets_of(factor.user_id, TOTP):
        return b32decode(FactorAdapter().decrypt(factor.data["secret"]))


def _sealed_secret(secret: bytes) -> str:
    return FactorAdapter().encrypt(b32encode(secret).decode())


def _require_keys(at: datetime, actor: str) -> None:
    vault.make_tenant_keys(tenant=current_tenant(), at=at, actor=actor)
    vault.make_data_key(tenant=current_tenant(), data_class=vault.OWN_CLASS, at=at, actor=actor)


def _seal_again(user: uuid.UUID, at: datetime) -> None:
    """What of this person's factors still lies under a key that the application is given, under Garant's own from now on."""
    for factor in Authenticator.objects.select_for_update().filter(user_id=user, type__in=[TOTP, RECOVERY]):
        word = "secret" if factor.type == TOTP else "seed"
        if word not in factor.data or not sealed_elsewhere(factor.data[word]):
            continue
        _require_keys(at, str(user))
        with secrets_of(user, factor.type):
            clear = FactorAdapter().decrypt(factor.data[word])
            factor.data = {**factor.data, word: FactorAdapter().encrypt(clear)}
        factor.save(update_fields=["data"])
