"""Where data are, as pages show it: the register in force, with what the last report saw of each store."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from garant.data.policy import words
from garant.data.policy.placement import allowed, stores_for, target
from garant.data.policy.places import Register, Store
from garant.data.queries import places
from garant.data.queries.places import InForce, PlacementFacts
from garant.kernel.text import Text


@dataclass(frozen=True)
class StoreView:
    """One line. `seen`: there, elsewhere, unseen; `by`, `until`: who vouches for its place. `allowed`: of a customer's own list."""

    key: str
    name: Text
    kind: str
    lands: tuple[Text, ...]
    provider: str
    region: Text
    city: str
    country: str
    seen: str
    seen_at: datetime | None
    by: str
    until: datetime | None
    allowed: bool = True


@dataclass(frozen=True)
class PlacesView:
    """The whole. `report_at`: of the last signed report, None before the first."""

    stores: list[StoreView]
    dated: InForce | None
    report_at: datetime | None
    signature: str


@dataclass(frozen=True)
class OwnPlaces:
    """Of one customer: where its data may be, by name, and the stores that serve it."""

    placement: PlacementFacts
    regions: list[tuple[Text, str]]
    stores: list[StoreView]


def places_shown() -> PlacesView:
    """What everyone may read."""
    standing, report = places.in_force(), places.places_report()
    if standing is None:
        return PlacesView([], None, None, "")
    made = datetime.fromisoformat(report["report"]["made_at"]) if report else None
    return PlacesView(_views(standing.register, standing.register.stores.values()), standing, made, report["signature"] if report else "")


def own_places(tenant: uuid.UUID) -> OwnPlaces:
    """What a customer's administrator reads of its own."""
    register, placed = places.register(), places.placement_of(tenant)
    if register is None or placed.may is None:
        return OwnPlaces(placed, [], [])
    regions = [(register.regions[key].name, register.regions[key].country) for key in placed.may.regions]
    forbidden = {
        store.key for store in stores_for(register, placed.may) if allowed(target(register, store.key), placed.may, store.holds) is not None
    }
    return OwnPlaces(placed, regions, _views(register, stores_for(register, placed.may), forbidden))


def _views(register: Register, stores: Iterable[Store], forbidden: Iterable[str] = ()) -> list[StoreView]:
    report = places.places_report()
    seen = {each["key"]: each for each in report["report"]["stores"]} if report else {}
    return [_view(register, store, seen.get(store.key, {}), store.key not in set(forbidden)) for store in stores]


def _view(register: Register, store: Store, seen: dict[str, str], allowed: bool) -> StoreView:
    region, site, word = register.region_of(store), register.site_of(store), register.word_of(store)
    return StoreView(
        key=store.key,
        name=store.name,
        kind=store.kind,
        lands=tuple(dict.fromkeys(words.category(each) for each in store.holds)),
        provider=store.provider,
        region=region.name,
        city=site.city if site else "",
        country=region.country,
        seen=seen.get("seen") or "unseen",
        seen_at=datetime.fromisoformat(seen["seen_at"]) if seen.get("seen_at") else None,
        by=word.by if word else "",
        until=word.until if word else None,
        allowed=allowed,
    )
