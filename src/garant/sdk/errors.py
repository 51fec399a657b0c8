"""Errors of the SDK, in families by what the application can do about them.

- `AssertionRefused` (and its four kinds): answer 401; the visitor has to come through the edge again.
- `RoleMissing`: answer 403; the person is known, and may not.
- `KeysUnavailable`: answer 503; sealed values cannot be read or written now, try again in a moment.
- `KeysSuspended`: answer 403 or 503; the organisation's keys are suspended, and trying again does not help.
- `garant.kernel.errors.ConfigurationError`: the key file cannot be used; the application must not start.

A docstring is the default message. No message repeats what the request contained.
"""

from garant.kernel.errors import GarantError, Refused


class AssertionRefused(GarantError):
    """The identity assertion is not accepted."""


class AssertionMissing(AssertionRefused):
    """The request carries no identity assertion."""


class AssertionMalformed(AssertionRefused):
    """The identity assertion does not have the form that the edge gives it."""


class AssertionForged(AssertionRefused):
    """The identity assertion was not signed for this application and this tenant."""


class AssertionExpired(AssertionRefused):
    """The identity assertion is not valid at this moment."""


class RoleMissing(Refused):
    """The person has none of the roles that this act needs."""


class KeysUnavailable(GarantError):
    """The keyring cannot be asked, so that nothing is sealed or opened."""


class KeysSuspended(Refused):
    """The keys of this organisation are suspended: nothing that they sealed can be read."""
