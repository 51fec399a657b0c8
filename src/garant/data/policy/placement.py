"""May these data of this customer go there? Pure: a refusal is a value with its reason.

Rules, in order; the first that is not met is the reason:

1. the target is in the register;
2. the customer's country is known, and the map gives it regions;
3. the target's region is one of them (New Zealand's may be in Sydney: a map, never "its own country");
4. the target serves customers of that country;
5. every category that would land there is one that the register says lands there. Data without a category go nowhere.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from garant.data.policy.places import Register, Store
from garant.kernel.text import Text


@dataclass(frozen=True)
class Placement:
    """Where a customer's data may be. `regions`: what the map gives its country, or the narrower choice of its contract."""

    country: str
    regions: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """A registered store as a writer sees it."""

    store: Store
    region: str
    country: str


@dataclass(frozen=True)
class Refusal:
    """Why not."""

    reason: Text


def target(register: Register, key: str) -> Target | None:
    """The store of this key, or None when nobody registered it."""
    store = register.stores.get(key)
    return Target(store, store.region, register.region_of(store).country) if store else None


def placement(register: Register, country: str, regions: Sequence[str] = ()) -> Placement | None:
    """Where the data of a customer of `country` may be, narrowed to `regions`; None when its country is not known.

    A region that the map does not give to that country is no choice: it is left out.
    """
    if not country:
        return None
    given = register.countries.get(country, ())
    return Placement(country, tuple(each for each in given if not regions or each in regions))


def allowed(target: Target | None, placement: Placement | None, categories: Collection[str]) -> Refusal | None:
    """None when the data may go there."""
    if target is None:
        return Refusal(
            Text("Ce dépôt n’est pas au registre des lieux.", "This store is not in the register of places."),
        )
    name = target.store.key
    if placement is None:
        return Refusal(Text("Le pays de ce client n’est pas connu.", "The country of this customer is not known."))
    if not placement.regions:
        return Refusal(
            Text(
                f"Le registre n’indique aucune région permise pour les clients du pays {placement.country}.",
                f"The register gives no allowed region for customers of {placement.country}.",
            )
        )
    if target.region not in placement.regions:
        where, may = f"{target.region} ({target.country})", ", ".join(placement.regions)
        return Refusal(
            Text(
                f"{name} est dans la région {where}; les données de ce client ({placement.country}) ne vont que dans : {may}.",
                f"{name} is in the region {where}; the data of this customer ({placement.country}) go only to: {may}.",
            )
        )
    if not target.store.serves_country(placement.country):
        return Refusal(
            Text(
                f"{name} ne sert pas les clients du pays {placement.country}.",
                f"{name} does not serve customers of {placement.country}.",
            )
        )
    strange = sorted(each for each in categories if not target.store.takes(each))
    if strange or not categories:
        words = ", ".join(strange) or "–"
        return Refusal(
            Text(
                f"Le registre ne dit pas que ces données aboutissent dans {name} : {words}.",
                f"The register does not say that these data land in {name}: {words}.",
            )
        )
    return None


def stores_for(register: Register, placement: Placement | None) -> list[Store]:
    """Where data of such a customer lie or pass, whether they may or not: what serves its country and holds something."""
    if placement is None:
        return []
    return [store for store in register.stores.values() if store.holds and store.serves_country(placement.country)]


def abroad(register: Register, placements: Mapping[str, Placement | None]) -> list[tuple[str, str]]:
    """Customer and store, for every store that serves a customer whose data may not be there."""
    found = []
    for customer, each in placements.items():
        for store in stores_for(register, each):
            if allowed(target(register, store.key), each, store.holds) is not None:
                found.append((customer, store.key))
    return found
