"""Verbs of the access area: keyword-only, in the caller's tenant transaction, one audit entry each."""

from garant.access.policy.addresses import BadNetwork, LockOut
from garant.access.policy.people import Confirm, LastAdministrator
from garant.access.policy.settings import AccessSettings, AddressMode, Binding, FactorRule
from garant.access.service.addresses import (
    NotPossible,
    add_rule,
    approve_request,
    expire_due,
    publish_rules,
    refuse_request,
    remove_rule,
    request_address,
)
from garant.access.service.factors import FactorRequired, WrongCode, accept_code, enrol_totp, make_recovery_codes, reset_factors
from garant.access.service.passwords import WeakPassword, set_password
from garant.access.service.people import Invited, change_roles, deactivate_user, invite_user, reactivate_user, reset_password
from garant.access.service.sessions import end_session, end_sessions_of
from garant.access.service.settings import change_settings
from garant.access.service.tenants import resume_tenant, suspend_tenant

__all__ = [
    "AccessSettings",
    "AddressMode",
    "BadNetwork",
    "Binding",
    "Confirm",
    "FactorRequired",
    "FactorRule",
    "Invited",
    "LastAdministrator",
    "LockOut",
    "NotPossible",
    "WeakPassword",
    "WrongCode",
    "accept_code",
    "add_rule",
    "approve_request",
    "change_roles",
    "change_settings",
    "deactivate_user",
    "end_session",
    "end_sessions_of",
    "enrol_totp",
    "expire_due",
    "invite_user",
    "make_recovery_codes",
    "publish_rules",
    "reactivate_user",
    "refuse_request",
    "remove_rule",
    "request_address",
    "reset_factors",
    "reset_password",
    "resume_tenant",
    "set_password",
    "suspend_tenant",
]
