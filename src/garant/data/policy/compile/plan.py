"""Everything that separates a database from its map, as changes in the order in which they are made. None: the map is in force.

    plan(map, catalogue, owner="sondage_owner")   ->   (Change(SECURITY_OFF, "surveys_person", ("alter table ...",)), ...)

The same comparison serves `garant map apply` (which runs the SQL), its dry run (which prints it) and the measures (which report it).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from garant.data.policy import taxonomy
from garant.data.policy.catalogue import Catalogue, LiveTable, Name
from garant.data.policy.compile import context, isolation, keys
from garant.data.policy.compile.change import Change, Kind, literal, qualified, quote, shown
from garant.data.policy.compile.paths import Tenant, tenant_of
from garant.data.policy.map import Collection, Column, DataMap

PRIVATE, PROBES = "garant_priv", "garant_data"
TRIGGER = "garant_capture"


def plan(made: DataMap, catalogue: Catalogue, *, owner: str) -> tuple[Change, ...]:
    """The changes that bring this database to its map. Pure: the same two values give the same changes."""
    tenants = tenants_of(made, catalogue)
    return (
        *_of_schema(made, catalogue, owner),
        *_of_tables(made, catalogue, tenants),
        *isolation.of_access(catalogue, frozenset(_protected(catalogue, tenants))),
    )


def tenants_of(made: DataMap, catalogue: Catalogue) -> Mapping[Name, Tenant]:
    """The tables whose rows are a tenant's, with how that is known. A path that leads nowhere is the business of `coverage.py`."""
    found = {each.table: tenant_of(each, catalogue) for each in made.collections if each.tenant}
    plain = made.context == "plain"
    return {table: replace(tenant, plain=plain) for table, tenant in found.items() if isinstance(tenant, Tenant)}


def _protected(catalogue: Catalogue, tenants: Mapping[Name, Tenant]) -> Iterator[Name]:
    yield from tenants
    for table in catalogue.tables.values():
        if table.parent in tenants:
            yield table.table


def _of_schema(made: DataMap, catalogue: Catalogue, owner: str) -> Iterator[Change]:
    if catalogue.schemas.get("garant") != PRIVATE:
        sql = () if "garant" in catalogue.schemas else (f"create schema garant authorization {quote(PRIVATE)}",)
        yield Change(Kind.SCHEMA, "garant", sql)
    if ("garant", "context_key") not in catalogue.tables:
        yield Change(Kind.CAPTURED, "garant.context_key", ("grant usage on schema garant to public", context.KEY_TABLE), private=True)
    if ("garant", "captured") not in catalogue.tables:
        yield Change(Kind.CAPTURED, "garant.captured", (context.CAPTURED,), private=True)
    for wanted in context.functions(made.context, owner=owner, probes=PROBES if PROBES in catalogue.roles else ""):
        found = catalogue.function(wanted.name)
        path = f"search_path={context.PATH}"
        if (
            found is None
            or found.source != wanted.source
            or (found.owner, found.definer, found.volatility) != (PRIVATE, True, wanted.volatility)
            or path not in found.settings
            or wanted.open != found.executable
        ):
            yield Change(Kind.FUNCTION, f"garant.{wanted.name}", wanted.sql, private=True)
    if PROBES in catalogue.roles and not catalogue.plants:
        granted = f"grant temporary on database {quote(catalogue.database)} to {quote(PROBES)}"
        yield Change(Kind.PLANT, catalogue.database, (granted,) if catalogue.holder == owner else ())


def _of_tables(made: DataMap, catalogue: Catalogue, tenants: Mapping[Name, Tenant]) -> Iterator[Change]:
    # Keys come first: a key that is added while row security is forced is checked against the rows that the owner sees, which are none.
    present = [catalogue.tables[name] for name in tenants if name in catalogue.tables]
    yield from dict.fromkeys(change for table in present for change in keys.of_table(table, tenants, catalogue))
    for collection in made.collections:
        table, tenant = catalogue.tables.get(collection.table), tenants.get(collection.table)
        if table is None or tenant is None:
            continue
        yield from isolation.of_table(table, tenant)
        for part in catalogue.tables.values():
            if part.parent == table.table:
                yield from isolation.of_table(part, _of_part(tenant, part))
        yield from _of_capture(collection, table, tenant)


def _of_part(tenant: Tenant, part: LiveTable) -> Tenant:
    return replace(tenant, table=part.table)


def _of_capture(collection: Collection, table: LiveTable, tenant: Tenant) -> Iterator[Change]:
    """The trigger that records what became of each row."""
    found = next((each for each in table.triggers if each.name == TRIGGER), None)
    if not collection.capture:
        if found is not None:
            yield Change(Kind.CAPTURE_ENDED, shown(table.table), (f"drop trigger {TRIGGER} on {qualified(table.table)}",))
        return
    hidden = ",".join(column.name for column in collection.columns if is_hidden(column))
    given = f"{literal(tenant.column if tenant.own else '')}, {literal(','.join(table.primary_key))}, {literal(hidden)}"
    name = qualified(table.table)
    made = f"create trigger {TRIGGER} after insert or update or delete on {name} for each row execute function garant.capture({given})"
    if found is None:
        yield Change(Kind.CAPTURE, shown(table.table), (made,))
    elif (
        not found.definition.endswith(f"EXECUTE FUNCTION garant.capture({given})")
        or "INSERT OR DELETE OR UPDATE ON" not in found.definition
    ):
        yield Change(Kind.CAPTURE, shown(table.table), (f"drop trigger {TRIGGER} on {name}", made))
    elif found.enabled not in ("O", "A"):
        yield Change(Kind.CAPTURE, shown(table.table), (f"alter table {name} enable trigger {TRIGGER}",))


def is_hidden(column: Column) -> bool:
    """Whether captured changes name the column without its values: sealed, or of a category that does particular harm."""
    return column.sealing is not None or any(taxonomy.is_sensitive(category) for category in (*column.categories, *column.json.values()))
