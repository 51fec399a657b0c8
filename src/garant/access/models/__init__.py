"""Rows of the access area, by kind."""

from garant.access.models.address import AddressRequest, NetworkRule
from garant.access.models.invitation import Invitation
from garant.access.models.policy import AccessPolicy
from garant.access.models.session import Session
from garant.access.models.totp import TotpCounter

__all__ = ["AccessPolicy", "AddressRequest", "Invitation", "NetworkRule", "Session", "TotpCounter"]
