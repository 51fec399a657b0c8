"""Measures of places that read the register: what it says, who vouches, which customers may be where. Each plants a fault in it."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from garant.data.engines.mapped import map_of
from garant.data.policy import scope
from garant.data.policy.placement import Placement, abroad, allowed, target
from garant.data.policy.places import Register, Site, Store
from garant.data.queries import places as queries
from garant.identity.queries import tenants
from garant.identity.service import tenant_transaction
from garant.kernel.canonical import Json
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise, Word
from garant.kernel.text import Text

Customers = Callable[[], Mapping[str, Placement | None]]
"""Customers by the mark under which facts speak of them, each with its placement."""


def register() -> Register:
    """The register in force. Raises EngineError before the first one."""
    with tenant_transaction(None):
        found = queries.register()
    if found is None:
        raise EngineError(Text("aucun registre des lieux n’est en vigueur.", "no register of places is in force"))
    return found


def customers() -> Mapping[str, Placement | None]:
    """Every customer whose country is known; canaries and the operator are none."""
    with tenant_transaction(None, scope="operator"):
        known: dict[uuid.UUID, queries.PlacementFacts] = queries.placements()
        return {f"client {each.id.hex[:8]}": known[each.id].may for each in tenants() if not each.operator and each.id in known}


class Placed:
    """What the register says of the stores in scope. The canary: a store abroad, which must be reported, and refused to a writer."""

    def __init__(self, customers: Customers = customers, data_map: Path | None = None) -> None:
        self._customers, self._map = customers, data_map

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:
        """The stores in scope, those that are misplaced, and those that serve a customer whose data may not be there."""
        known, asked = register(), promise.parameters
        stores = scope.in_scope(known, asked)
        return self.seen(known, stores, asked, self._customers())

    def seen(
        self, known: Register, stores: Sequence[Store], asked: Mapping[str, Json], placed: Mapping[str, Placement | None]
    ) -> Observation:
        keys = {store.key for store in stores}
        facts: dict[str, Json] = {
            "stores": [_facts(known, store) for store in stores],
            "misplaced": [each.json() for each in scope.misplaced(known, stores, asked)],
            "abroad": [{"customer": who, "store": store} for who, store in abroad(known, placed) if store in keys],
            "unknown": list(scope.unknown(known, stores)),
            "unlisted": list(scope.unlisted(stores, scope.landing(map_of(self._map)))) if self._map else [],
        }
        return Observation(len(stores), len(stores), facts, _planted(known, asked, placed))


class Tenants:
    """Customers of one country: where they may be, and what serves them."""

    def __init__(self, customers: Customers = customers, data_map: Path | None = None) -> None:
        self._customers, self._placed = customers, Placed(customers, data_map)

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:
        """Nobody of that country is nothing to check. The canary: a customer whose contract would let it go anywhere."""
        known, asked = register(), promise.parameters
        country, regions = str(asked.get("country", "")), scope.names(asked, "regions")
        theirs = {who: each for who, each in self._customers().items() if each is not None and each.country == country}
        stores = scope.in_scope(known, asked)
        seen = self._placed.seen(known, stores, asked, theirs)
        tempted = {**theirs, "planted": Placement(country, (*regions, scope.PLANTED))}
        held = seen.canary is Canary.HELD and "planted" in {each["customer"] for each in _outside(tempted, regions)}
        facts = {**seen.facts, "outside": _outside(theirs, regions), "customers": len(theirs)}
        checked = len(theirs) if stores else 0
        return Observation(checked, len(theirs), facts, Canary.HELD if held else Canary.MISSED)


class Vouched:
    """Who vouches for the places in scope. `of`: the stores, or the sites, of which a promise speaks."""

    def __init__(self, of: Callable[[Register, Mapping[str, Json]], Sequence[Store | Site]]) -> None:
        self._of = of

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:
        """Names, papers and dates, each word once; and the places for which nobody vouches."""
        known = register()
        words: dict[str, Word | None] = {}
        for each in self._of(known, promise.parameters):
            word = known.word_of(each) if isinstance(each, Store) else each.word
            words[each.key] = word
        told: list[Json] = [
            {"place": key, "by": word.by, "document": word.document, "until": word.until.date().isoformat()}
            for key, word in words.items()
            if word is not None
        ]
        missing: list[Json] = [key for key, word in words.items() if word is None]
        return Observation(len(words), len(words), {"words": told, "missing": missing})


class Jurisdiction:
    """Whether backups and operation are under the same countries. The canary: a backup elsewhere."""

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002 - the protocol's name
        known = register()
        operation, backups = scope.jurisdictions(known)
        stores = [known.stores[key] for key in (*operation, *backups)]
        held = bool(_apart(operation, {**backups, scope.PLANTED: "XX"}))
        facts: dict[str, Json] = {
            "operation": operation,
            "backups": backups,
            "apart": _apart(operation, backups),
            "unknown": list(scope.unknown(known, stores)),
        }
        whole = len(stores) if operation and backups else 0
        return Observation(whole, whole, facts, Canary.HELD if held else Canary.MISSED)


def stores_of(known: Register, asked: Mapping[str, Json]) -> Sequence[Store]:
    return scope.in_scope(known, asked)


def sites_of(known: Register, asked: Mapping[str, Json]) -> Sequence[Site]:
    return scope.sites_in_question(known, asked)


def _apart(operation: Mapping[str, str], backups: Mapping[str, str]) -> list[dict[str, Json]]:
    """Backups whose country is none of those of operation."""
    wanted = sorted(set(operation.values()))
    return [
        {"store": key, "found": country, "wanted": ", ".join(wanted) or "–"} for key, country in backups.items() if country not in wanted
    ]


def _outside(placed: Mapping[str, Placement | None], regions: Sequence[str]) -> list[dict[str, Json]]:
    """Customers who may be elsewhere than in these regions, or nowhere at all."""
    return [
        {"customer": who, "regions": list(each.regions)}
        for who, each in placed.items()
        if each is not None and (not each.regions or not set(each.regions) <= set(regions))
    ]


def _facts(known: Register, store: Store) -> dict[str, Json]:
    region, site = known.region_of(store), known.site_of(store)
    return {
        "store": store.key,
        "kind": store.kind,
        "country": region.country,
        "region": region.key,
        "site": site.role if site else "",
        "provider": store.provider,
    }


def _planted(known: Register, asked: Mapping[str, Json], placed: Mapping[str, Placement | None]) -> Canary:
    """A store abroad: reported as misplaced, and refused by the rule that writers ask."""
    spoilt, store = scope.planted(known, asked)
    reported = any(each.store == store.key for each in scope.misplaced(spoilt, [store], asked))
    refused = all(allowed(target(spoilt, store.key), each, store.holds) is not None for each in (*placed.values(), None))
    return Canary.HELD if reported and refused else Canary.MISSED
