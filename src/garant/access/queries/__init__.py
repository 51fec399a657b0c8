"""Reads of the access area, in the context of the transaction."""

from garant.access.policy.settings import AccessSettings
from garant.access.queries.addresses import address_requests, address_rules
from garant.access.queries.factors import Enrolment, FactorFacts, enrolment, factor
from garant.access.queries.keys import public_keys
from garant.access.queries.people import Person, administrators, people
from garant.access.queries.sessions import SessionFacts, live_sessions
from garant.access.queries.settings import settings

__all__ = [
    "AccessSettings",
    "Enrolment",
    "FactorFacts",
    "Person",
    "SessionFacts",
    "address_requests",
    "address_rules",
    "administrators",
    "enrolment",
    "factor",
    "live_sessions",
    "people",
    "public_keys",
    "settings",
]
