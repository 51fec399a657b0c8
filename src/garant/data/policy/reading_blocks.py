"""The blocks named `garant:` of a data map, one function each, and what must agree between them."""

import re
from dataclasses import replace

from garant.data.policy import taxonomy
from garant.data.policy.map import Activity, Collection, Column, DataMap, Erasure, Reference, Retention, Sealing, Store, Subject
from garant.data.policy.source import Source, Table, nearest, pairs
from garant.kernel.text import Text

DURATION = re.compile(r"P(?=\d|T\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?")
JURISDICTION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
JSON_PATH = re.compile(r"\$(\.{1,2}[\w*-]+|\[\*\])+")
VIA = re.compile(r"(?P<column>\w+)\s*->\s*(?P<target>[\w.]+\.\w+)")
ERASURES = ("delete", "null", "empty", "hash_tenant", "keep")
MODES = ("delete", "anonymise", "retain")
MATCHES = ("exact", "casefold", "digits")
PROVIDERS = ("subject", "application", "third_party")
STORE_KINDS = ("database", "files", "objects", "cache", "logs", "mail", "sms", "queue", "search", "backup", "supplier")
ENGINES = ("postgresql", "mysql", "mariadb", "sqlserver", "mongodb", "redis", "local", "s3", "azure_blob", "journald", "smtp", "other")


def table_name(written: str, schema: str) -> tuple[str, str]:
    """Schema and name of `name` or `schema.name`."""
    place, _, name = written.rpartition(".")
    return place or schema, name


def of_collection(source: Source, table: Table, made: Collection) -> Collection:
    """What Garant is told of a table."""
    table.only("tenant", "without_tenant", "capture", "subject", "retention", "erase")
    tenant = tuple(table.word("tenant").split(".")) if table.word("tenant") else ()
    reason = table.word("without_tenant")
    if tenant and reason:
        table.say("without_tenant", f"{table.title} has a tenant and a reason not to have one; remove one of the two")
    known = [column.name for column in made.columns]
    if tenant and tenant[0] not in known and f"{tenant[0]}_id" not in known:
        what = "the tenant column" if len(tenant) == 1 else "the first link of the tenant's path"
        table.say("tenant", f"{what} {tenant[0]!r} is no field of {made.name}; {nearest(tenant[0], known)}")
    if not all(tenant):
        table.say("tenant", "the tenant's path has an empty part; write for example `tenant: order.event.organizer_id`")
    if table.flag("capture") and not tenant:
        table.say("capture", f"changes of {made.name} cannot be recorded for a tenant that it does not have; write `tenant: ...` beside")
    return replace(
        made,
        tenant=tenant,
        without_tenant=reason,
        capture=table.flag("capture"),
        subject=_subject(table, made),
        retention=_retention(table, made),
        erasure=_erasure(source, table, made),
    )


def of_column(table: Table, made: Column) -> Column:
    """What Garant is told of a column."""
    table.only("sealed", "copy_of", "provided_by", "match", "rectify", "erase", "json")
    copy = table.word("copy_of")
    if copy and copy.count(".") not in (1, 2):
        table.say("copy_of", f"{copy!r} names no column; write `copy_of: collection.column`")
        copy = ""
    inside = dict(made.json)
    held = table.table("json")
    for path, category in pairs(held).items():
        if held is not None and not JSON_PATH.fullmatch(path):
            held.say(path, f"{path!r} is not a path into a document; write for example `$.email` or `$..attendee_name`")
        if held is not None and category not in taxonomy.CATEGORIES:
            held.say(path, f"{category!r} is not one of the data_categories of fideslang; {nearest(category, taxonomy.CATEGORIES)}")
        inside[path] = category
    return replace(
        made,
        sealing=_sealing(table),
        copy_of=Reference(*copy.rsplit(".", 1)) if copy else None,
        provided_by=table.choice("provided_by", PROVIDERS, ""),
        match=table.choice("match", MATCHES, ""),
        rectify=table.choice("rectify", ("master", "copy", "never"), ""),
        erase=table.choice("erase", ERASURES, ""),
        json=inside,
    )


def _sealing(table: Table) -> Sealing | None:
    if not table.is_table("sealed"):
        return Sealing() if table.flag("sealed") else None
    inner = table.table("sealed")
    assert inner is not None
    inner.only("class", "index", "replaces")
    return Sealing(inner.word("class") or "default", inner.word("index"), inner.word("replaces"))


def _subject(table: Table, made: Collection) -> Subject | None:
    inner = table.table("subject")
    if inner is None:
        return None
    inner.only("key", "via", "generic", "scope", "or")
    ways = [way for way in ("key", "via", "generic") if way in inner]
    if len(ways) != 1:
        inner.say(ways[-1] if ways else "key", f"{inner.title} needs exactly one of key, via, generic")
        return None
    via = VIA.fullmatch(inner.word("via"))
    if ways == ["via"] and via is None:
        inner.say("via", f"{inner.word('via')!r} is not a link; write `via: customer_id -> customer.id`")
    known = [column.name for column in made.columns]
    generic = pairs(inner.table("generic")) if "generic" in inner else {}
    if "generic" in inner and set(generic) != {"type", "id"}:
        inner.say("generic", "a polymorphic link names two columns; write `generic: {type: content_type_id, id: object_id}`")
        generic = {}
    column = via["column"] if via else ""
    for key, name in (("key", inner.word("key")), ("via", column), ("or", inner.word("or")), *(("generic", n) for n in generic.values())):
        if name and name not in known:
            inner.say(key, f"{name!r} is no field of {made.name}; {nearest(name, known)}")
    return Subject(
        key=inner.word("key"),
        via=column,
        target=Reference(*via["target"].rsplit(".", 1)) if via else None,
        generic=(generic["type"], generic["id"]) if generic else None,
        scope=inner.choice("scope", ("tenant", "application"), "tenant"),
        otherwise=inner.word("or"),
    )


def _retention(table: Table, made: Collection) -> Retention | None:
    inner = table.table("retention")
    if inner is None:
        return None
    inner.only("from", "keep", "then", "basis")
    since, known = inner.word("from", required=True), [column.name for column in made.columns]
    if since and since not in known:
        inner.say("from", f"{since!r} is no field of {made.name}; {nearest(since, known)}")
    return Retention(
        since, _duration(inner, "keep", required=True), inner.choice("then", ("erase", "anonymise"), "erase"), inner.word("basis")
    )


def _erasure(source: Source, table: Table, made: Collection) -> Erasure:
    if not table.is_table("erase"):
        return Erasure(table.choice("erase", MODES, "delete"))
    inner = table.table("erase")
    assert inner is not None
    inner.only("mode", "retain")
    kept = inner.table("retain")
    if kept is None:
        return Erasure(inner.choice("mode", MODES, "delete"))
    kept.only("until", "basis", "fields")
    known = [column.name for column in made.columns]
    for word, line in kept.words("fields"):
        if word not in known:
            source.say(line, f"{word!r} is no field of {made.name}; {nearest(word, known)}")
    return Erasure(
        mode=inner.choice("mode", MODES, "delete"),
        until=_duration(kept, "until", required=True),
        basis=kept.word("basis", required=True),
        fields=tuple(word for word, _ in kept.words("fields")),
    )


def store(source: Source, table: Table) -> Store:
    """A place beside the tables."""
    table.only("name", "kind", "engine", "holds", "where", "jurisdiction", "keep")
    place = table.word("jurisdiction")
    if place and not JURISDICTION.fullmatch(place):
        table.say("jurisdiction", f"{place!r} is not a jurisdiction; write an ISO 3166 code such as CA-QC or FR")
    for word, line in table.words("holds"):
        if word not in taxonomy.CATEGORIES:
            source.say(line, f"{word!r} is not one of the data_categories of fideslang; {nearest(word, taxonomy.CATEGORIES)}")
    return Store(
        name=table.word("name", required=True),
        kind=table.choice("kind", STORE_KINDS, "database"),
        engine=table.choice("engine", ENGINES, "other"),
        line=table.line,
        holds=tuple(word for word, _ in table.words("holds")),
        where=table.word("where"),
        jurisdiction=place,
        keep=_duration(table, "keep"),
    )


def activity(source: Source, table: Table) -> Activity:
    """A line of the processing register."""
    table.only("key", "name", "purpose", "basis", "data_uses", "data_subjects", "collections", "recipients", "retention", "safeguards")
    for key, known in (("data_uses", taxonomy.USES), ("data_subjects", taxonomy.SUBJECTS)):
        for word, line in table.words(key):
            if word not in known:
                source.say(line, f"{word!r} is not one of the {key} of fideslang; {nearest(word, known)}")
    needed = {key: _text(table, key) for key in ("name", "purpose", "basis")}
    return Activity(
        key=table.word("key", required=True),
        line=table.line,
        name=needed["name"] or _LATER,
        purpose=needed["purpose"] or _LATER,
        basis=needed["basis"] or _LATER,
        uses=tuple(word for word, _ in table.words("data_uses")),
        subjects=tuple(word for word, _ in table.words("data_subjects")),
        collections=tuple(word for word, _ in table.words("collections")),
        recipients=tuple(text_of(each) for each in table.tables("recipients", "a recipient")),
        retention=_text(table, "retention", required=False),
        safeguards=_text(table, "safeguards", required=False),
    )


def text_of(table: Table) -> Text:
    """`{fr: ..., en: ...}`, both demanded."""
    table.only("fr", "en")
    fr, en = table.word("fr", required=True), table.word("en", required=True)
    return Text(fr, en) if fr and en else _LATER


def check_references(source: Source, made: DataMap) -> None:
    """What one part of the map says of another: copies, indexes, subjects, activities."""
    for collection, column in made.columns():
        known = [each.name for each in collection.columns]
        if column.copy_of is not None:
            _resolve(source, made, column.line, "copy_of", column.copy_of, collection.schema)
        if column.sealing is not None:
            for key, name in (("index", column.sealing.index), ("replaces", column.sealing.replaces)):
                if name and (name not in known or name == column.name):
                    source.say(
                        column.line, f"{key} of {column.name} is {name!r}, no other field of {collection.name}; {nearest(name, known)}"
                    )
            if not collection.tenant:
                source.say(
                    column.line,
                    f"{collection.name}.{column.name} is sealed under a tenant's key, but its table has none; write `tenant: ...`",
                )
    for collection in made.collections:
        if collection.subject is not None and collection.subject.target is not None:
            _resolve(source, made, collection.line, "via", collection.subject.target, collection.schema)
    for activity_ in made.activities:
        for name in activity_.collections:
            if made.collection(name) is None:
                known = [each.name for each in made.collections]
                source.say(activity_.line, f"activity {activity_.key} covers {name!r}, no collection of this map; {nearest(name, known)}")


def _resolve(source: Source, made: DataMap, line: int, key: str, reference: Reference, schema: str) -> None:
    found = made.collection(reference.collection, schema) or made.collection(reference.collection)
    if found is None:
        known = [each.name for each in made.collections]
        source.say(
            line,
            f"{key} points at {reference}, but no collection is named {reference.collection!r}; {nearest(reference.collection, known)}",
        )
    elif found.column(reference.column) is None:
        columns = [each.name for each in found.columns]
        source.say(line, f"{key} points at {reference}, but {found.name} has no such field; {nearest(reference.column, columns)}")


def _duration(table: Table, key: str, *, required: bool = False) -> str:
    found = table.word(key, required=required)
    if found and not DURATION.fullmatch(found):
        table.say(key, f"{key} in {table.title} is {found!r}, not a duration; write ISO 8601, such as P3Y, P180D or PT12H")
    return found


def _text(table: Table, key: str, *, required: bool = True) -> Text | None:
    inner = table.table(key)
    if inner is not None:
        return text_of(inner)
    if required and (key not in table or not table.is_table(key)):
        table.say(key, f"{key} is missing in {table.title}; write `{key}: {{fr: ..., en: ...}}`")
    return None


_LATER = Text("–", "–")
"""Stands in for a text that is missing; the map is refused anyway."""
