"""Where each category of data lies, by the map alone: category, store, engine, jurisdiction. What is seen in reality is compared with it
by the measures."""

from dataclasses import dataclass

from garant.data.policy.map import DataMap, Store


@dataclass(frozen=True)
class Located:
    """One category in one store."""

    category: str
    store: Store


def located(made: DataMap) -> tuple[Located, ...]:
    """Every category with each store that holds it. A database that lists nothing holds what the collections name."""
    named = {category for _, column in made.columns() for category in (*column.categories, *column.json.values())}
    found = []
    for store in made.stores:
        held = store.holds or (tuple(sorted(named)) if store.kind == "database" else ())
        found += [Located(category, store) for category in held]
    return tuple(sorted(found, key=lambda each: (each.category, each.store.name)))


def stores_of(made: DataMap, category: str) -> tuple[Store, ...]:
    """The stores that hold a category or something under it."""
    return tuple(
        dict.fromkeys(each.store for each in located(made) if each.category == category or each.category.startswith(f"{category}."))
    )
