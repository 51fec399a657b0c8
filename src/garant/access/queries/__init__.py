"""Reads of the access area, in the context of the transaction."""

from garant.access.queries.addresses import address_requests, address_rules
from garant.access.queries.sessions import SessionFacts, live_sessions
from garant.access.queries.settings import settings

__all__ = ["SessionFacts", "address_requests", "address_rules", "live_sessions", "settings"]
