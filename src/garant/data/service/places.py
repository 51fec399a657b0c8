"""Verbs on places: put a register in force, place a customer, ask before the first byte, publish what was seen."""

import hashlib
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.db import connection

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.data.models import PlacementRow, PlacesReport, PlacesVersion
from garant.data.policy import place_report
from garant.data.policy.countries import COUNTRIES
from garant.data.policy.placement import Refusal, Target, allowed, target
from garant.data.policy.places import PlacesError, parse
from garant.data.queries import places as queries
from garant.identity.queries import tenants
from garant.identity.service import current_tenant, tenant_transaction
from garant.kernel.canonical import Json, canonical, digest
from garant.kernel.clock import Clock
from garant.kernel.errors import EngineError, InputError, Refused
from garant.kernel.text import Text

__all__ = [
    "PlacesError",
    "PlacesImported",
    "TargetRefused",
    "check_target",
    "import_places",
    "publish_places_report",
    "require_target",
    "set_placement",
    "tell_places",
]

IMPORTER = 0x706C_6163_6573
"""Key of the advisory lock under which a version is added: two starts at once make one."""


class TargetRefused(Refused):
    """These data may not go there. `text`: the reason in both languages."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.text = reason


@dataclass(frozen=True)
class PlacesImported:
    """The version in force after an import. `new`: this import made it."""

    number: int
    new: bool


def import_places(text: str, *, at: datetime, actor: str, name: str = "places.toml") -> PlacesImported:
    """Put a register in force as a new audited version. The same text twice changes nothing and logs nothing.

    Raises PlacesError with every mistake, and then nothing is changed.
    """
    register = parse(text, name=name)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    with tenant_transaction(None):
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [IMPORTER])
        standing = PlacesVersion.objects.order_by("-number").first()
        if standing is not None and standing.digest == sha256:
            return PlacesImported(standing.number, new=False)
        number = standing.number + 1 if standing else 1
        position = audit.append(
            Kind.PLACES_IMPORTED,
            at=at,
            actor=actor,
            payload={"version": number, "digest": sha256, "sites": sorted(register.sites), "stores": sorted(register.stores)},
        )
        PlacesVersion.objects.create(number=number, text=text, digest=sha256, imported_at=at, actor=actor, position=position)
    return PlacesImported(number, new=True)


def set_placement(*, country: str, regions: Sequence[str] = (), at: datetime, actor: str) -> bool:
    """Say in which country the customer of the transaction is, and narrow its regions; False when nothing changed. Needs the scope
    `operator`. The map decides: a country that it does not know, or a region that it does not give to that country, is an InputError.
    """
    if country not in COUNTRIES:
        raise InputError(f"{country!r} is no country; write two capitals of ISO 3166-1 such as CA")
    register = queries.register()
    if register is not None:
        given = register.countries.get(country)
        if not given:
            raise InputError(f"the register gives no region to {country}; add {country} = [...] under [countries] of places.toml")
        for region in regions:
            if region not in given:
                raise InputError(f"the register does not give {region!r} to {country}; write one of {', '.join(given)}")
    tenant = current_tenant()
    row = PlacementRow.objects.filter(tenant_id=tenant).first()
    wanted = (country, list(regions))
    if row is not None and (row.country, row.regions) == wanted:
        return False
    PlacementRow.objects.update_or_create(
        tenant_id=tenant, defaults={"country": country, "regions": list(regions), "changed_at": at, "actor": actor}
    )
    before: Json = {"country": row.country, "regions": row.regions} if row else None
    audit.append(
        Kind.PLACEMENT_CHANGED,
        at=at,
        actor=actor,
        tenant=tenant,
        payload={"tenant": str(tenant), "from": before, "country": country, "regions": list(regions)},
    )
    return True


def check_target(*, store: str, tenant: uuid.UUID | None, categories: Collection[str]) -> Refusal | Target:
    """Whether data of these categories may go to this store: the target, or the reason why not. Changes nothing.

    `tenant` None: data of every customer together (a backup of the platform); each of them must allow it. Needs a transaction that
    sees them.
    """
    register = queries.register()
    found = target(register, store) if register else None
    every = [tenant] if tenant is not None else [each.id for each in tenants() if not each.operator]
    for each in every:
        refusal = allowed(found, queries.placement_of(each).may, categories)
        if refusal is not None:
            return refusal
    if found is None:
        return allowed(None, None, categories) or Refusal(Text("Aucun dépôt.", "No store."))
    return found


def require_target(*, store: str, tenant: uuid.UUID | None, categories: Collection[str], at: datetime, actor: str) -> Target:
    """What every writer asks before the first byte leaves: the target, or TargetRefused with its reason and an entry in the journal.

    Call it outside of any transaction: the entry must outlive the refusal.
    """
    with tenant_transaction(tenant, scope="" if tenant else "operator"):
        answer = check_target(store=store, tenant=tenant, categories=categories)
        if isinstance(answer, Refusal):
            audit.append(
                Kind.TARGET_REFUSED,
                at=at,
                actor=actor,
                tenant=tenant,
                payload={"store": store, "categories": sorted(categories), "reason": answer.reason.as_dict()},
            )
    if isinstance(answer, Refusal):
        raise TargetRefused(answer.reason)
    return answer


def tell_places(told: Mapping[str, str], *, keys: Path, clock: Clock, actor: str = "system:worker") -> bool:
    """Put what was seen of stores (`there`, `elsewhere`) into the public report; False when it says nothing new."""
    now = clock.now()
    with tenant_transaction(None):
        held, last = queries.in_force(), queries.places_report()
    if held is None:
        return False
    before = last["report"] if last else None
    seen = place_report.merged(before, held.register, told, now)
    made = place_report.report(held.register, version=held.number, digest=held.digest, seen=seen, now=now)
    if not place_report.is_news(before, made, now):
        return False
    publish_places_report(report=made, keys=keys, at=now, actor=actor)
    return True


def publish_places_report(*, report: Mapping[str, Json], keys: Path, at: datetime, actor: str) -> None:
    """Sign a report with the deployment's key (directory `keys`) and make it the published one. In a transaction of its own."""
    try:
        key = load_pem_private_key((keys / "private.pem").read_bytes(), None)
        name = json.loads((keys / "public.json").read_text(encoding="utf-8"))["keys"][0]["kid"]
    except (OSError, ValueError, LookupError) as error:
        raise EngineError(f"the signing key in {keys} cannot be read: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise EngineError(f"{keys}/private.pem is no Ed25519 key")
    with tenant_transaction(None):
        PlacesReport.objects.create(
            made_at=at, document=canonical(report).decode(), key_id=name, signature=place_report.signature(key, report)
        )
        audit.append(Kind.PLACES_REPORT_MADE, at=at, actor=actor, payload={"sha256": digest(report), "key": name})
