"""A data map read from its file: whole, strictly, all mistakes at once, each as `file:line: what is wrong; write instead`.

The file is a fideslang dataset (fideslang 3.1.4 reads it and ignores `garant:`); what Garant adds stands in blocks named `garant`:

    dataset:
    - fides_key: sondage
      fides_meta: {namespace: {schema: public}}
      garant: {context: signed, not_personal: [django_migrations]}          # also stores, activities, controller
      collections:
      - name: surveys_person
        garant: {tenant: tenant, capture: true}                              # also subject, retention, erase
        fields:
        - name: email
          data_categories: [user.contact.email]
          garant: {sealed: {index: email_index}}                             # also copy_of, provided_by, match, rectify, erase, json

A dataset of Fides' own, without any `garant:`, is read too. What needs the database (does the table exist, is a column missing) is the
business of `coverage.py`.
"""

from collections.abc import Iterator
from dataclasses import replace

from garant.data.policy import reading_blocks as blocks
from garant.data.policy import taxonomy
from garant.data.policy.map import Collection, Column, DataMap
from garant.data.policy.source import MapError, Source, Table, nearest

LABELS = ("data_categories", "data_uses", "data_purposes", "data_subjects")
META = ("fides_meta", "fidesops_meta")
DATASET = ("fides_key", "organization_fides_key", "tags", "name", "description", "meta", "collections", "garant", *LABELS, *META)
COLLECTION = ("name", "description", "fields", "garant", *LABELS, *META)
FIELD = ("name", "description", "fields", "garant", *LABELS, *META)
DATASET_META = ("resource_id", "after", "namespace", "redact")
COLLECTION_META = ("after", "erase_after", "skip_processing", "masking_strategy_override", "partitioning", "redact")
FIELD_META = (
    "references",
    "identity",
    "primary_key",
    "data_type",
    "length",
    "return_all_elements",
    "read_only",
    "custom_request_field",
    "masking_strategy_override",
    "redact",
)


def parse(text: str, *, name: str) -> DataMap:
    """The map in `text`; `name` is its file in messages. Raises MapError with every mistake."""
    source = Source(text, name)
    root = source.root()
    made = _map(source, root) if root is not None else None
    if source.problems or made is None:
        raise MapError(source.problems)
    return made


def _map(source: Source, root: Table) -> DataMap:
    root.only("dataset")
    made = DataMap(application="", path=source.name, datasets=(), collections=())
    for table in root.tables("dataset", "dataset {}", required=True):
        made = _dataset(source, table, made)
    if not made.datasets and "dataset" in root:
        root.say("dataset", "there is no dataset; write `- fides_key: ...` below it")
    _unique(source, made)
    blocks.check_references(source, made)
    return made


def _dataset(source: Source, table: Table, made: DataMap) -> DataMap:
    table.only(*DATASET)
    key = table.word("fides_key", required=True)
    meta = _meta(table, DATASET_META)
    namespace = meta.table("namespace") if meta is not None else None
    schema = (namespace.word("schema") if namespace is not None else "") or "public"
    inherited = _categories(source, table)
    garant = table.table("garant", f"garant of {table.title}")
    collections = tuple(
        _collection(source, each, schema, inherited) for each in table.tables("collections", "collection {}", required=True)
    )
    made = replace(
        made,
        application=made.application or key,
        datasets=(*made.datasets, key),
        collections=(*made.collections, *collections),
    )
    return made if garant is None else _of_application(source, garant, schema, made)


def _of_application(source: Source, table: Table, schema: str, made: DataMap) -> DataMap:
    table.only("application", "context", "not_personal", "stores", "activities", "controller")
    listed = {blocks.table_name(word, schema): line for word, line in table.words("not_personal")}
    controller = table.table("controller")
    return replace(
        made,
        application=table.word("application") or made.application,
        context=table.choice("context", ("signed", "plain"), made.context),
        not_personal={**made.not_personal, **listed},
        stores=(*made.stores, *(blocks.store(source, each) for each in table.tables("stores", "store {}"))),
        activities=(*made.activities, *(blocks.activity(source, each) for each in table.tables("activities", "activity {}"))),
        controller=made.controller if controller is None else blocks.text_of(controller),
    )


def _collection(source: Source, table: Table, schema: str, inherited: tuple[str, ...]) -> Collection:
    table.only(*COLLECTION)
    written = table.word("name", required=True)
    place, name = blocks.table_name(written, schema)
    _meta(table, COLLECTION_META)
    own = (*inherited, *_categories(source, table))
    columns = tuple(_column(source, each, own) for each in table.tables("fields", f"field {{}} of {written}", required=True))
    _no_twins(source, columns, written)
    made = Collection(
        name=name,
        schema=place,
        line=table.line_of("name"),
        columns=columns,
        categories=own,
        uses=_labels(source, table, "data_uses", taxonomy.USES) or _labels(source, table, "data_purposes", taxonomy.USES),
        subjects=_labels(source, table, "data_subjects", taxonomy.SUBJECTS),
        description=table.word("description"),
    )
    garant = table.table("garant", f"garant of {table.title}")
    return made if garant is None else blocks.of_collection(source, garant, made)


def _column(source: Source, table: Table, inherited: tuple[str, ...]) -> Column:
    table.only(*FIELD)
    meta = _meta(table, FIELD_META)
    _labels(source, table, "data_uses", taxonomy.USES)
    _labels(source, table, "data_subjects", taxonomy.SUBJECTS)
    inner = {f"$.{path}": category for path, category in _inside(source, table)}
    made = Column(
        name=table.word("name", required=True),
        line=table.line_of("name"),
        categories=tuple(dict.fromkeys((*inherited, *_categories(source, table)))),
        description=table.word("description"),
        data_type=meta.word("data_type") if meta is not None else "",
        identity=meta.word("identity") if meta is not None else "",
        json=inner,
    )
    garant = table.table("garant", f"garant of {table.title}")
    return made if garant is None else blocks.of_column(garant, made)


def _inside(source: Source, table: Table) -> Iterator[tuple[str, str]]:
    """Paths inside a document column, from nested `fields`."""
    for each in table.tables("fields", f"field {{}} of {table.title}"):
        each.only(*FIELD)
        _meta(each, FIELD_META)
        name = each.word("name", required=True)
        for category in _categories(source, each):
            yield name, category
        for path, category in _inside(source, each):
            yield f"{name}.{path}", category


def _meta(table: Table, known: tuple[str, ...]) -> Table | None:
    """`fides_meta`, or its older name."""
    found = table.table("fides_meta") or table.table("fidesops_meta")
    if found is not None:
        found.only(*known)
    return found


def _categories(source: Source, table: Table) -> tuple[str, ...]:
    return _labels(source, table, "data_categories", taxonomy.CATEGORIES)


def _labels(source: Source, table: Table, key: str, known: frozenset[str]) -> tuple[str, ...]:
    found = []
    for word, line in table.words(key):
        if word in known:
            found.append(word)
        else:
            source.say(line, f"{word!r} is not one of the {key} of fideslang; {nearest(word, known)}")
    return tuple(found)


def _no_twins(source: Source, columns: tuple[Column, ...], where: str) -> None:
    seen: dict[str, int] = {}
    for column in columns:
        if column.name in seen:
            source.say(column.line, f"field {column.name!r} of {where} is already at line {seen[column.name]}; remove one of the two")
        seen.setdefault(column.name, column.line)


def _unique(source: Source, made: DataMap) -> None:
    seen: dict[tuple[str, str], int] = {}
    for collection in made.collections:
        if collection.table in seen:
            source.say(
                collection.line,
                f"collection {collection.name!r} is already at line {seen[collection.table]}; put their fields together",
            )
        seen.setdefault(collection.table, collection.line)
    for table, line in made.not_personal.items():
        if table in seen:
            source.say(
                line, f"{table[1]!r} is under not_personal and is a collection too (line {seen[table]}); remove it from one of the two"
            )
