"""From a table to its tenant: a column of its own, or a path over foreign keys to one."""

from dataclasses import dataclass

from garant.data.policy.catalogue import Catalogue, ForeignKey, LiveTable, Name
from garant.data.policy.compile.change import qualified, quote, shown
from garant.data.policy.map import Collection

CASTS = {
    "text": "",
    "character varying": "",
    "uuid": "::uuid",
    "integer": "::integer",
    "bigint": "::bigint",
    "smallint": "::smallint",
}
"""Types that a tenant's column may have: each keeps its index under row security. Others are refused."""


@dataclass(frozen=True)
class Hop:
    """One link: `column` of the table before leads to `target`.`key`."""

    column: str
    target: Name
    key: str


@dataclass(frozen=True)
class Tenant:
    """How a row of `table` is found to be a tenant's. `plain`: the context is a setting, asked without a function."""

    table: Name
    hops: tuple[Hop, ...]
    column: str
    base: str
    required: bool
    plain: bool = False

    @property
    def own(self) -> bool:
        return not self.hops

    @property
    def expression(self) -> str:
        """True for the rows of the tenant of the transaction. The subquery is evaluated once a statement."""
        said = "nullif(current_setting('app.tenant', true), '')" if self.plain else "garant.ctx_tenant()"
        asked = f"(select {said}{CASTS[self.base]})"
        if self.own:
            return f"{quote(self.column)} = {asked}"
        first, *rest = self.hops
        joins = "".join(
            f" join {qualified(hop.target)} p{number} on p{number}.{quote(hop.key)} = p{number - 1}.{quote(hop.column)}"
            for number, hop in enumerate(rest, 2)
        )
        return (
            f"exists (select 1 from {qualified(first.target)} p1{joins}"  # noqa: S608 - names of the catalogue, quoted
            f" where p1.{quote(first.key)} = {quote(self.table[1])}.{quote(first.column)}"
            f" and p{len(self.hops)}.{quote(self.column)} = {asked})"
        )


def tenant_of(collection: Collection, catalogue: Catalogue) -> Tenant | str:
    """The tenant of a collection that names one; or what is wrong with its path, in words."""
    table = catalogue.tables.get(collection.table)
    if table is None:
        return f"there is no table {shown(collection.table)}"
    hops: list[Hop] = []
    for word in collection.tenant[:-1]:
        link = _link(table, word)
        if link is None:
            return f"{shown(table.table)} has no foreign key from {word!r} or {word}_id, so the path stops there"
        target = catalogue.tables.get(link.target)
        if target is None:
            return f"{word!r} leads to {shown(link.target)}, which is not in this database"
        hops.append(Hop(link.columns[0], link.target, link.target_columns[0]))
        table = target
    return _end(collection, table, tuple(hops))


def _end(collection: Collection, table: LiveTable, hops: tuple[Hop, ...]) -> Tenant | str:
    last = collection.tenant[-1]
    column = table.column(last) or table.column(f"{last}_id")
    if column is None:
        return f"{shown(table.table)} has no column {last!r}"
    if column.base not in CASTS:
        return f"{shown(table.table, column.name)} is {column.type}: a tenant is a text, an integer or a uuid"
    return Tenant(collection.table, hops, column.name, column.base, column.required)


def _link(table: LiveTable, word: str) -> ForeignKey | None:
    """The foreign key that starts at this column; composite ones count by their first column that is not a tenant's."""
    for name in (word, f"{word}_id"):
        for key in sorted(table.foreign_keys, key=lambda each: len(each.columns)):
            if name in key.columns:
                position = key.columns.index(name)
                return ForeignKey(key.name, (name,), key.target, (key.target_columns[position],))
    return None
