"""The fence of the edge (`garant.edge.fence` explains it), as this area uses it: verbs hold it, decisions and logins pass it."""

from garant.edge.service import hold_fence as hold
from garant.edge.service import pass_fence as pass_shared

__all__ = ["hold", "pass_shared"]
