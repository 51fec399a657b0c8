"""Does the map speak of every column, and of nothing that is not there? Pure: a map, a catalogue, and what they say of each other.

coverage(map, catalogue).findings   ->   (Finding("unmapped_column", "surveys_person.email", line=42, ...), ...)
"""

from collections.abc import Iterator
from dataclasses import dataclass

from garant.data.policy import taxonomy
from garant.data.policy.catalogue import Catalogue, LiveColumn, LiveTable, Name
from garant.data.policy.compile.change import shown
from garant.data.policy.compile.paths import Tenant, tenant_of
from garant.data.policy.discovery import guess, looks_personal
from garant.data.policy.map import Collection, DataMap
from garant.data.policy.source import nearest
from garant.kernel.text import Text

WORDS = {
    "unmapped_table": Text("n’est pas dans la carte", "is not in the map"),
    "unmapped_column": Text("n’est pas dans la carte", "is not in the map"),
    "gone_table": Text("est dans la carte et n’existe pas", "is in the map and does not exist"),
    "gone_column": Text("est dans la carte et n’existe pas", "is in the map and does not exist"),
    "personal_outside": Text(
        "semble personnelle, dans une table qui ne devrait pas l’être", "looks personal, in a table that should not be"
    ),
    "no_category": Text("n’a pas de catégorie", "has no category"),
    "no_tenant": Text("contient des renseignements personnels sans client", "holds personal data without a tenant"),
    "tenant_path": Text("a un chemin qui ne mène à aucun client", "has a path that reaches no tenant"),
    "clear": Text("est scellée dans la carte et en clair dans la base", "is sealed in the map and in clear in the database"),
}


@dataclass(frozen=True)
class Finding:
    """One disagreement. `subject`: table or table.column; `line`: where in the map it is said or should be; `mend`: what to do;
    `add`: the lines to add, when lines are missing."""

    kind: str
    subject: str
    line: int
    mend: str
    add: str = ""

    @property
    def sentence(self) -> str:
        return f"{self.subject} {WORDS[self.kind].en}; {self.mend}"

    @property
    def text(self) -> Text:
        """The same without what to do."""
        words = WORDS[self.kind]
        return Text(f"{self.subject} {words.fr}", f"{self.subject} {words.en}")


@dataclass(frozen=True)
class Line:
    """One table in a report. `mapped` of `columns`; `tenant`: the column or path, empty for none; `why`: the reason there is none."""

    table: str
    columns: int
    mapped: int
    personal: int
    sensitive: int
    sealed: int
    tenant: str
    own: bool
    why: str
    captured: bool
    listed: bool
    """Under `not_personal`."""


@dataclass(frozen=True)
class Telling:
    """A unique key of a protected table that lacks the tenant: its refusal tells one organisation that another has such a row."""

    table: str
    columns: tuple[str, ...]
    line: int

    @property
    def sentence(self) -> str:
        return (
            f"the unique key ({', '.join(self.columns)}) of {self.table} lacks the tenant: "
            "a refusal tells that another one has such a row; put the tenant in front, or use random identifiers (uuid)"
        )


@dataclass(frozen=True)
class Coverage:
    """The whole comparison. `telling`: for information, they hold nothing up."""

    lines: tuple[Line, ...]
    findings: tuple[Finding, ...]
    telling: tuple[Telling, ...] = ()

    @property
    def columns(self) -> int:
        return sum(line.columns for line in self.lines)

    @property
    def mapped(self) -> int:
        return sum(line.mapped for line in self.lines)

    @property
    def without_tenant(self) -> tuple[Line, ...]:
        """Tables of the map whose rows carry no tenant themselves: by a path, or not at all."""
        return tuple(line for line in self.lines if not line.listed and not line.own)


def coverage(made: DataMap, catalogue: Catalogue) -> Coverage:
    """Compare. Partitions are their table's; views hold nothing of their own."""
    lines: list[Line] = []
    findings: list[Finding] = []
    telling: list[Telling] = []
    mapped = {each.table: each for each in made.collections}
    for table in catalogue.held():
        if table.parent is not None:
            continue
        collection = mapped.get(table.table)
        listed = table.table in made.not_personal
        lines.append(_line(table, collection, listed=listed))
        if collection is not None:
            findings += _of_collection(made, collection, table, catalogue)
            telling += _telling(collection, table)
        elif listed:
            findings += _outside(table, made.not_personal[table.table])
        else:
            findings.append(_unmapped(made, table))
    findings += _gone(made, catalogue)
    return Coverage(tuple(lines), tuple(sorted(findings, key=lambda found: (found.line, found.subject, found.kind))), tuple(telling))


def _line(table: LiveTable, collection: Collection | None, *, listed: bool) -> Line:
    columns = collection.columns if collection is not None else ()
    present = [column for column in columns if table.column(column.name) is not None]
    return Line(
        table=shown(table.table),
        columns=len(table.columns),
        mapped=len(table.columns) if listed else len(present),
        personal=sum(column.personal for column in present),
        sensitive=sum(any(taxonomy.is_sensitive(each) for each in (*column.categories, *column.json.values())) for column in present),
        sealed=sum(column.sealing is not None for column in present),
        tenant=".".join(collection.tenant) if collection is not None else "",
        own=bool(collection is not None and collection.own_tenant),
        why=collection.without_tenant if collection is not None else "",
        captured=bool(collection is not None and collection.capture),
        listed=listed,
    )


def _of_collection(made: DataMap, collection: Collection, table: LiveTable, catalogue: Catalogue) -> Iterator[Finding]:
    last = collection.columns[-1].line if collection.columns else collection.line
    for live in table.columns:
        column = collection.column(live.name)
        subject = shown(table.table, live.name)
        if column is None:
            add = f"    - {_field(live)}"
            yield Finding("unmapped_column", subject, last, f"add below line {last} of {made.path}:\n{add}", add)
        elif not column.categories and not column.json:
            yield Finding("no_category", subject, column.line, f"write `data_categories: [{guess(live).category}]`, or what it is")
        elif column.sealing is not None and live.base != "bytea":
            yield Finding("clear", subject, column.line, f"it is {live.type}; make it bytea and run `garant map backfill`")
    known = [live.name for live in table.columns]
    for column in collection.columns:
        if table.column(column.name) is None:
            yield Finding("gone_column", shown(table.table, column.name), column.line, f"remove it, or {nearest(column.name, known)}")
    if collection.tenant:
        found = tenant_of(collection, catalogue)
        if not isinstance(found, Tenant):
            yield Finding("tenant_path", f"{shown(table.table)} (tenant: {'.'.join(collection.tenant)})", collection.line, found)
    elif collection.personal and not collection.without_tenant:
        yield Finding("no_tenant", shown(table.table), collection.line, "write `garant: {tenant: ...}`, or `without_tenant: ` and why")


def _telling(collection: Collection, table: LiveTable) -> Iterator[Telling]:
    """The first step of a path counts as the tenant: row policies refuse a parent of another's before the key is looked at."""
    if not collection.tenant:
        return
    for columns in sorted({*table.uniques, *([table.primary_key] if table.primary_key else [])}):
        random = len(columns) == 1 and (only := table.column(columns[0])) is not None and only.base == "uuid"
        if not random and not {collection.tenant[0], f"{collection.tenant[0]}_id"} & set(columns):
            yield Telling(shown(table.table), columns, collection.line)


def _outside(table: LiveTable, line: int) -> Iterator[Finding]:
    """A table that is called not personal and does not look so."""
    for column in table.columns:
        found = looks_personal(column)
        if found is not None:
            mend = f"it may be {found.category}: give {shown(table.table)} a collection of its own"
            yield Finding("personal_outside", shown(table.table, column.name), line, mend)


def _unmapped(made: DataMap, table: LiveTable) -> Finding:
    fields = "\n".join(f"    - {_field(column)}" for column in table.columns)
    name = table.name if table.schema == "public" else f"{table.schema}.{table.name}"
    add = f"  - name: {name}\n    garant: {{tenant: ...}}\n    fields:\n{fields}"
    last = max((each.line for each in made.collections), default=1)
    return Finding("unmapped_table", shown(table.table), last, f"add it to {made.path}, or list it under `not_personal`:\n{add}", add)


def _gone(made: DataMap, catalogue: Catalogue) -> Iterator[Finding]:
    known = [shown(table.table) for table in catalogue.held()]
    places: list[tuple[Name, int]] = [*((each.table, each.line) for each in made.collections), *made.not_personal.items()]
    for name, line in places:
        if name not in catalogue.tables:
            yield Finding("gone_table", shown(name), line, f"remove it, or {nearest(shown(name), known)}")


def _field(column: LiveColumn) -> str:
    return f"{{name: {column.name}, data_categories: [{guess(column).category}]}}"
