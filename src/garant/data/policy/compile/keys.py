"""Composite keys: a row can only point at a row of its own tenant.

A foreign key of one column does not see row security: by it a tenant could point at another's row, tell existing identifiers from missing
ones, and lose rows by another's deletion. So `(parent_id, tenant)` references `(id, tenant)`, and the key of one column goes: two keys
side by side would refuse a missing row and another tenant's row with different words. Where the tenant may be NULL both stay.

PostgreSQL checks the rows that exist as their owner: where row security is forced it would find none, and call the key valid. So force is
lifted for that statement, in the same transaction.
"""

from collections.abc import Iterator, Mapping

from garant.data.policy.catalogue import Catalogue, ForeignKey, LiveTable, Name
from garant.data.policy.compile.change import Change, Kind, made_name, qualified, quote, shown
from garant.data.policy.compile.paths import CASTS, Tenant

ON_DELETE = {
    "a": "",
    "r": " on delete restrict",
    "c": " on delete cascade",
    "n": " on delete set null ({})",
    "d": " on delete set default ({})",
}
ON_UPDATE = {"a": "", "r": " on update restrict", "c": " on update cascade", "n": "", "d": ""}


def of_table(table: LiveTable, tenants: Mapping[Name, Tenant], catalogue: Catalogue) -> Iterator[Change]:
    """Every foreign key between two tables that have a tenant column of their own."""
    mine = tenants[table.table]
    for key in table.foreign_keys:
        theirs, parent = tenants.get(key.target), catalogue.tables.get(key.target)
        if (
            len(key.columns) != 1
            or not mine.own
            or theirs is None
            or parent is None
            or not theirs.own
            or CASTS[mine.base] != CASTS[theirs.base]
        ):
            continue
        if mine.column in key.columns or theirs.column in key.target_columns:
            continue
        yield from _of_key(table, key, mine, theirs, parent)


def _of_key(table: LiveTable, key: ForeignKey, mine: Tenant, theirs: Tenant, parent: LiveTable) -> Iterator[Change]:
    pair = (*key.target_columns, theirs.column)
    subject = shown(table.table, key.columns[0])
    sql: list[str] = []
    if not any(set(unique) == set(pair) for unique in parent.uniques):
        name = made_name(parent.name, *key.target_columns, "tenant")
        unique = f"alter table {qualified(parent.table)} add constraint {quote(name)} unique ({_listed(pair)})"
        yield Change(Kind.UNIQUE, shown(parent.table), (unique,))
    if not any(_covers(each, key, mine, theirs) for each in table.foreign_keys):
        name = made_name(table.name, *key.columns, "tenant")
        later = " deferrable initially deferred" if key.deferred else " deferrable" if key.deferrable else ""
        action = ON_DELETE[key.on_delete].format(_listed(key.columns)) + ON_UPDATE[key.on_update]
        forced = [qualified(each.table) for each in dict.fromkeys((table, parent)) if each.forced]
        sql += [f"alter table {name} no force row level security" for name in forced]
        sql.append(
            f"alter table {qualified(table.table)} add constraint {quote(name)} foreign key ({_listed((*key.columns, mine.column))})"
            f" references {qualified(parent.table)} ({_listed(pair)}){action}{later}"
        )
        sql += [f"alter table {name} force row level security" for name in forced]
    if mine.required:
        sql.append(f"alter table {qualified(table.table)} drop constraint {quote(key.name)}")
    if sql:
        yield Change(Kind.REFERENCE, subject, tuple(sql))


def _covers(other: ForeignKey, key: ForeignKey, mine: Tenant, theirs: Tenant) -> bool:
    """Whether `other` is `key` with the tenant beside it."""
    wanted = {(key.columns[0], key.target_columns[0]), (mine.column, theirs.column)}
    return (
        other.target == key.target
        and set(zip(other.columns, other.target_columns, strict=True)) == wanted
        and other.on_delete == key.on_delete
        and other.validated
    )


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(map(quote, columns))
