"""Which stores a sentence speaks of, and which of them are not where it says. Pure.

Parameters of the promises about places, every one optional:

    kinds      kinds of stores in scope; none: every store in which data land
    countries  where they may be          regions   the same, by region
    roles      of the sites where they may stand                providers  whose they may be
    country    customers of that country (data.tenant)
    role, city, province, distinct        the site in question (data.site)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from garant.data.policy.countries import NOWHERE
from garant.data.policy.map import DataMap, is_personal
from garant.data.policy.places import Region, Register, Site, Store
from garant.kernel.canonical import Json
from garant.kernel.text import Text

OPERATIONAL = ("database", "files", "object_store", "cache", "log")
COPIES = ("backup", "replica")
PLANTED = "planted-abroad"
KINDS_OF_MAP = {"objects": "object_store", "logs": "log"}
"""Where a data map calls a kind of store otherwise than the register."""
SITE_KEYS = ("city", "province")


@dataclass(frozen=True)
class Misplaced:
    """A store in scope that is not where the sentence says. `what`: country, region, role, provider."""

    store: str
    what: str
    found: str
    wanted: str

    def json(self) -> dict[str, Json]:
        return {"store": self.store, "what": self.what, "found": self.found, "wanted": self.wanted}


def names(parameters: Mapping[str, Json], key: str) -> tuple[str, ...]:
    """A list of texts among the parameters; empty when it is not there."""
    value = parameters.get(key, ())
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else (str(value),)


def in_scope(register: Register, parameters: Mapping[str, Json]) -> list[Store]:
    """The stores of which a sentence speaks: of its kinds, in which data land, and, for customers of one country, which serve them."""
    kinds, country = names(parameters, "kinds"), str(parameters.get("country", ""))
    return [
        store
        for store in register.stores.values()
        if store.holds and (not kinds or store.kind in kinds) and (not country or store.serves_country(country))
    ]


def misplaced(register: Register, stores: Sequence[Store], parameters: Mapping[str, Json]) -> list[Misplaced]:
    """Those that are not where the sentence says. A place that nobody knows is not misplaced: `unknown` names it."""
    found = []
    for store in stores:
        region, site = register.region_of(store), register.site_of(store)
        facts = (
            ("country", region.country, names(parameters, "countries")),
            ("region", region.key, names(parameters, "regions")),
            ("role", site.role if site else "", names(parameters, "roles")),
            ("provider", store.provider, names(parameters, "providers")),
        )
        for what, value, wanted in facts:
            if wanted and value not in wanted and not (what == "country" and value == NOWHERE):
                found.append(Misplaced(store.key, what, value, ", ".join(wanted)))
                break
    return found


def unknown(register: Register, stores: Sequence[Store]) -> list[str]:
    """Stores of which nobody knows in which country they are."""
    return [store.key for store in stores if register.region_of(store).country == NOWHERE]


def planted(register: Register, parameters: Mapping[str, Json]) -> tuple[Register, Store]:
    """A register with one store more, of a kind in scope, in a country and region that no sentence names: what must be reported."""
    kinds = names(parameters, "kinds") or OPERATIONAL
    region = Region(PLANTED, Text("–", "–"), "XX")
    store = Store(PLANTED, region.name, kinds[0], ("user",), "tcp://192.0.2.1:1", PLANTED)
    regions, stores = {**register.regions, PLANTED: region}, {**register.stores, PLANTED: store}
    return replace(register, regions=regions, stores=stores), store


def sites_in_question(register: Register, parameters: Mapping[str, Json]) -> list[Site]:
    """The sites of the role that a sentence names."""
    return register.sites_with(str(parameters.get("role", "primary")))


def wrong_site(site: Site, parameters: Mapping[str, Json]) -> str:
    """What of a site is not what the sentence says; '' when nothing is known to be otherwise."""
    for key in SITE_KEYS:
        wanted = str(parameters.get(key, ""))
        if wanted and getattr(site, key) not in ("", wanted):
            return key
    return ""


def unsaid_of_site(site: Site, parameters: Mapping[str, Json]) -> str:
    """What the sentence names and the register does not say of a site; '' when it says all."""
    return next((key for key in SITE_KEYS if parameters.get(key) and not getattr(site, key)), "")


def landing(made: DataMap) -> dict[str, list[str]]:
    """Kind of store to the categories of personal data that the application's own map says lie in stores of that kind."""
    found: dict[str, set[str]] = {"database": set()}
    for _, column in made.columns():
        found["database"] |= {each for each in (*column.categories, *column.json.values()) if is_personal(each)}
    for store in made.stores:
        found.setdefault(KINDS_OF_MAP.get(store.kind, store.kind), set()).update(each for each in store.holds if is_personal(each))
    return {kind: sorted(categories) for kind, categories in found.items()}


def unlisted(stores: Sequence[Store], landing: Mapping[str, Sequence[str]]) -> list[dict[str, Json]]:
    """Categories that the map says lie in a kind of store in scope, and that no store of that kind is said to take."""
    kinds = {store.kind for store in stores}
    return [
        {"kind": kind, "category": category}
        for kind, categories in landing.items()
        if kind in kinds
        for category in categories
        if not any(store.takes(category) for store in stores if store.kind == kind)
    ]


def jurisdictions(register: Register) -> tuple[dict[str, str], dict[str, str]]:
    """Country by store: of the stores of operation, and of the backups."""
    country = {store.key: register.region_of(store).country for store in register.stores.values()}
    return (
        {store.key: country[store.key] for store in register.stores.values() if store.kind in OPERATIONAL},
        {store.key: country[store.key] for store in register.stores.values() if store.kind == "backup"},
    )
