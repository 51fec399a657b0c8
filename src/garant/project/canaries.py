"""Two organisations without people, made for probes: what one plants, the other must not see.

- They are no customers: lists and counts of customers leave them out (`identity.queries.tenants`), and their hosts answer to this
  machine only.
- Each has keys like any other: what its application seals is sealed with them.
- Idempotent; made by `garant settle`, which every start runs.
"""

import uuid
from datetime import datetime

from garant.access import service as access
from garant.edge import service as edge
from garant.identity import queries as identity
from garant.identity import service as identities
from garant.identity.service import tenant_transaction
from garant.vault import service as vault

ACTOR = "system:settle"
HOME = "127.0.0.1/32"
PAIR = (("garant-temoin-a", "Témoin A de Garant"), ("garant-temoin-b", "Témoin B de Garant"))


def make(*, base: str, at: datetime) -> None:
    """The pair, with its keys and address rule; what exists is left alone. Raises InputError when somebody else has the name."""
    with tenant_transaction(None, scope="operator"):
        known = {tenant.slug: tenant.id for tenant in identity.canary_tenants()}
    for slug, name in PAIR:
        id_ = known.get(slug, uuid.uuid4())
        with tenant_transaction(id_, scope="operator"):
            if slug not in known:
                identities.add_tenant(id_=id_, slug=slug, name=name, host=f"{slug}.{base}", at=at, actor=ACTOR, canary=True)
                access.add_rule(
                    network=HOME, verdict="allow", classes=("login", "member", "public"), label=name, at=at, actor=ACTOR, confirm=True
                )
                edge.hosts_changed()
            vault.make_tenant_keys(tenant=id_, at=at, actor=ACTOR)
