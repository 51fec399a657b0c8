"""Reading the register of places, placements and the report."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from garant.data.models import PlacementRow, PlacesReport, PlacesVersion
from garant.data.policy.placement import Placement, placement
from garant.data.policy.places import Register, parse


@dataclass(frozen=True)
class InForce:
    """The register in force, with its version."""

    register: Register
    number: int
    digest: str
    imported_at: datetime


@dataclass(frozen=True)
class PlacementFacts:
    """A customer's placement: `chosen` is what its contract narrows the map to; `may` follows (None: nobody said its country)."""

    country: str
    chosen: tuple[str, ...]
    may: Placement | None


def in_force() -> InForce | None:
    """The register in force; None before the first import."""
    row = PlacesVersion.objects.order_by("-number").first()
    if row is None:
        return None
    return InForce(_parsed(row.text), row.number, row.digest, row.imported_at)


def register() -> Register | None:
    """The register in force; None before the first import."""
    found = in_force()
    return found.register if found else None


def placement_of(tenant: uuid.UUID) -> PlacementFacts:
    """Of one customer that the context may see; country '' when nobody said it."""
    row = PlacementRow.objects.filter(tenant_id=tenant).first()
    return _facts(row, register())


def placements() -> dict[uuid.UUID, PlacementFacts]:
    """Of every customer that the context may see and whose country is known."""
    known = register()
    return {row.tenant_id: _facts(row, known) for row in PlacementRow.objects.order_by("tenant_id")}


def places_report() -> Mapping[str, Any] | None:
    """The newest signed report, ready to be served at /.well-known/garant/places.json; None before the first one.

    `report`: what was seen; `signature`: of `garant/places/1`, a line feed and the canonical JSON of `report`; `key`: its id.
    """
    row = PlacesReport.objects.order_by("-made_at", "-pk").first()
    if row is None:
        return None
    return {"report": json.loads(row.document), "algorithm": "Ed25519", "key": row.key_id, "signature": row.signature}


def _facts(row: PlacementRow | None, known: Register | None) -> PlacementFacts:
    if row is None:
        return PlacementFacts("", (), None)
    chosen = tuple(row.regions)
    return PlacementFacts(row.country, chosen, placement(known, row.country, chosen) if known else None)


@lru_cache(maxsize=4)
def _parsed(text: str) -> Register:
    return parse(text, name="places.toml")
