"""What a data map says, as values. Read by `reading.py`; compiled by `compile/`; compared with a database by `coverage.py`.

    DataMap > Collection (a table) > Column
            > Store (another place where data live)
            > Activity (a line of the processing register)

1. Every column of the database is in the map, or its table is listed under `not_personal`. Nothing is left out in silence.
2. A column is *personal* when one of its categories lies under `user`; *sealed* when its values are envelopes of the vault.
3. A collection's tenant is a column of its own, or a path over foreign keys to one: `order.event.organizer_id`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from garant.kernel.text import Text

CONTEXTS = ("signed", "plain")
PERSONAL = "user"


@dataclass(frozen=True)
class Reference:
    """A column of another collection, written `collection.column`."""

    collection: str
    column: str

    def __str__(self) -> str:
        return f"{self.collection}.{self.column}"


@dataclass(frozen=True)
class Sealing:
    """Values of this column are envelopes. `data_class`: whose key; `index`: column of the same table with the blind index;
    `replaces`: the plaintext column that `garant map backfill` empties into this one."""

    data_class: str = "default"
    index: str = ""
    replaces: str = ""


@dataclass(frozen=True)
class Column:
    """One column. `line`: where it stands in the file. `json`: JSON path to category, inside a document column."""

    name: str
    line: int
    categories: tuple[str, ...] = ()
    description: str = ""
    data_type: str = ""
    identity: str = ""
    sealing: Sealing | None = None
    copy_of: Reference | None = None
    provided_by: str = ""
    match: str = ""
    rectify: str = ""
    erase: str = ""
    json: Mapping[str, str] = field(default_factory=dict)

    @property
    def personal(self) -> bool:
        """Whether it speaks of a person, directly or inside a document."""
        return any(is_personal(category) for category in (*self.categories, *self.json.values()))


@dataclass(frozen=True)
class Subject:
    """Whose row it is. One of: `key` (a column that names the person), `via` (a column to the person's collection), `generic`
    (a polymorphic link: type and identifier). `scope`: `tenant` (a person exists in one tenant) or `application`. `otherwise`: a
    column that recognises those whose link is empty."""

    key: str = ""
    via: str = ""
    target: Reference | None = None
    generic: tuple[str, str] | None = None
    scope: str = "tenant"
    otherwise: str = ""


@dataclass(frozen=True)
class Retention:
    """Until when rows are kept. `since`: the column that starts the clock; `keep`: an ISO 8601 duration; `then`: erase or anonymise."""

    since: str
    keep: str
    then: str
    basis: str = ""


@dataclass(frozen=True)
class Erasure:
    """What becomes of a person's rows: `delete`, `anonymise` or `retain`. `fields` stay until `until` (a duration), for `basis`."""

    mode: str = "delete"
    until: str = ""
    basis: str = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collection:
    """One table. `schema` and `name` as in the database. `tenant`: column, or path of links that ends with one; empty: it has none,
    and `without_tenant` says why. `capture`: changes of rows are recorded."""

    name: str
    schema: str
    line: int
    columns: tuple[Column, ...]
    tenant: tuple[str, ...] = ()
    without_tenant: str = ""
    capture: bool = False
    categories: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    subject: Subject | None = None
    retention: Retention | None = None
    erasure: Erasure = Erasure()
    description: str = ""

    @property
    def table(self) -> tuple[str, str]:
        """Schema and name, as the catalogue has them."""
        return self.schema, self.name

    @property
    def personal(self) -> bool:
        return any(column.personal for column in self.columns)

    @property
    def own_tenant(self) -> str:
        """The tenant column, when the table has one of its own."""
        return self.tenant[0] if len(self.tenant) == 1 else ""

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Store:
    """A place where data live. `kind`: database, files, objects, cache, logs, mail, ...; `engine`: postgresql, s3, mongodb, ...;
    `holds`: categories; `jurisdiction`: ISO 3166, such as `CA-QC`; `keep`: a duration after which its content is gone."""

    name: str
    kind: str
    engine: str
    line: int
    holds: tuple[str, ...] = ()
    where: str = ""
    jurisdiction: str = ""
    keep: str = ""


@dataclass(frozen=True)
class Activity:
    """A line of the processing register. `uses`, `subjects`: keys of the taxonomy; `collections`: whose personal columns it covers."""

    key: str
    line: int
    name: Text
    purpose: Text
    basis: Text
    uses: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    recipients: tuple[Text, ...] = ()
    retention: Text | None = None
    safeguards: Text | None = None


@dataclass(frozen=True)
class DataMap:
    """The whole map of one application. `context`: how a transaction says whose it is; `not_personal`: tables that hold no personal
    data and that the map says nothing more of, each with the line that lists it."""

    application: str
    path: str
    datasets: tuple[str, ...]
    collections: tuple[Collection, ...]
    not_personal: Mapping[tuple[str, str], int] = field(default_factory=dict)
    context: str = "signed"
    stores: tuple[Store, ...] = ()
    activities: tuple[Activity, ...] = ()
    controller: Text | None = None

    def collection(self, name: str, schema: str = "") -> Collection | None:
        """By its name, or `schema.name`; the first when two schemas have it."""
        wanted, _, bare = name.rpartition(".")
        wanted = wanted or schema
        return next((each for each in self.collections if each.name == bare and wanted in ("", each.schema)), None)

    def columns(self) -> Iterator[tuple[Collection, Column]]:
        """Every column with its table."""
        for collection in self.collections:
            for column in collection.columns:
                yield collection, column

    def sealed(self) -> tuple[tuple[Collection, Column], ...]:
        """The columns whose values are envelopes: what the check of sealing looks at."""
        return tuple((collection, column) for collection, column in self.columns() if column.sealing is not None)

    def place(self, line: int) -> str:
        """`file:line`."""
        return f"{self.path}:{line}"


def is_personal(category: str) -> bool:
    """Whether a category of the taxonomy speaks of a person."""
    return category == PERSONAL or category.startswith(f"{PERSONAL}.")
