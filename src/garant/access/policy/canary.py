"""Who a tenant's canary is, the person made for probing. Pure.

Its id follows from the tenant's: nobody can choose an id, so nobody is taken for it. Its login name is new at each waking: whoever
knew it could use up its tries at the door.
"""

import uuid

LOGIN_PREFIX = "garant-temoin-"
"""How its login names begin, for people who read a list; no rule rests on it."""


def canary_of(tenant: uuid.UUID) -> uuid.UUID:
    """The id of this tenant's canary, whether it was ever woken or not."""
    return uuid.uuid5(tenant, "garant-temoin")
