"""A database as its catalogue describes it, as values. Read by `engines/catalogue.py`; nothing here speaks to a server."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Name = tuple[str, str]
"""Schema and name."""


@dataclass(frozen=True)
class LiveColumn:
    """`type`: as PostgreSQL writes it (`character varying(63)`); `base`: without its length."""

    name: str
    type: str
    base: str
    required: bool = False


@dataclass(frozen=True)
class ForeignKey:
    """`on_delete`, `on_update`: the letters of pg_constraint: a (no action), r (restrict), c (cascade), n (set null), d (set default)."""

    name: str
    columns: tuple[str, ...]
    target: Name
    target_columns: tuple[str, ...]
    on_delete: str = "a"
    on_update: str = "a"
    deferrable: bool = False
    deferred: bool = False
    validated: bool = True


@dataclass(frozen=True)
class RowPolicy:
    """`command`: `*` for all; `using`, `check`: expressions as the server gives them back."""

    name: str
    command: str
    permissive: bool
    roles: tuple[str, ...]
    using: str
    check: str


@dataclass(frozen=True)
class Trigger:
    """`enabled`: O (fires), D (disabled), R (replica only), A (always). `definition`: the whole statement."""

    name: str
    enabled: str
    definition: str


@dataclass(frozen=True)
class LiveTable:
    """A relation. `kind`: r table, p partitioned, v view, m materialized view, f foreign table. `rows`: the planner's estimate.

    `granted`: privileges of the application's role; `reads`: relations that a view reads; `invoker`: a view that runs as who asks.
    """

    schema: str
    name: str
    kind: str
    owner: str
    columns: tuple[LiveColumn, ...] = ()
    primary_key: tuple[str, ...] = ()
    uniques: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    secured: bool = False
    forced: bool = False
    policies: tuple[RowPolicy, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    granted: frozenset[str] = frozenset()
    reads: frozenset[Name] = frozenset()
    invoker: bool = False
    parent: Name | None = None
    rows: int = 0

    @property
    def table(self) -> Name:
        return self.schema, self.name

    def column(self, name: str) -> LiveColumn | None:
        return next((column for column in self.columns if column.name == name), None)

    @property
    def holds_rows(self) -> bool:
        """Tables and partitions: what a map speaks of. Views show what others hold."""
        return self.kind in ("r", "p", "f")


@dataclass(frozen=True)
class Function:
    """`volatility`: i, s or v. `settings`: `SET` clauses, such as `search_path=garant, pg_temp`."""

    schema: str
    name: str
    arguments: str
    owner: str
    definer: bool
    volatility: str
    settings: tuple[str, ...]
    source: str
    executable: bool = False
    """By the application's role."""


@dataclass(frozen=True)
class LiveRole:
    """`member_of`: roles whose rights it has or may take, at any depth."""

    name: str
    superuser: bool = False
    bypasses: bool = False
    creates: bool = False
    member_of: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sequence:
    schema: str
    name: str
    readable: bool
    """By the application's role."""


@dataclass(frozen=True)
class Catalogue:
    """One database at one moment, as seen for one application role. `plants`: whether measures may make a temporary table;
    `holder`: the owner of the database."""

    database: str
    version: int
    application: str
    tables: Mapping[Name, LiveTable] = field(default_factory=dict)
    functions: tuple[Function, ...] = ()
    roles: Mapping[str, LiveRole] = field(default_factory=dict)
    sequences: tuple[Sequence, ...] = ()
    plants: bool = False
    holder: str = ""
    schemas: Mapping[str, str] = field(default_factory=dict)
    """Schema to its owner."""

    def held(self) -> Iterator[LiveTable]:
        """Tables of the application, Garant's own schema left out, in the order of their names."""
        for name in sorted(self.tables):
            if name[0] != "garant" and self.tables[name].holds_rows:
                yield self.tables[name]

    def function(self, name: str) -> Function | None:
        """A function of the schema `garant`."""
        return next((each for each in self.functions if each.schema == "garant" and each.name == name), None)
