"""A statement as a TOML document: read whole, checked whole, frozen.

    [statement]  slug, title, dated; intro, review_by, excerpt
    [[chapter]]  key, title; intro
    [[claim]]    id, chapter, class, family, fr, en, and one of
                   control = "access.network"        with parameters = { ... }
                   controls = [{ key, parameters }]  when a sentence needs several
                   unbuilt = { fr, en }              why nothing proves it yet
                 and [[claim.note]] fr, en, tls      shown beside it, where the deployment's TLS profile is one of `tls`

Rules: unknown keys are refused; every text has fr and en; ids are unique; every claim is sorted (bound, or unbuilt with a reason); a
control is a key of the registry. All mistakes are reported at once, each as `file:line: what; write instead`.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from garant.kernel.canonical import Json
from garant.kernel.errors import ConfigurationError
from garant.kernel.promise import Promise
from garant.kernel.reading import Reader, Table
from garant.kernel.source import load_toml
from garant.kernel.text import Text

TLS_PROFILES = ("modern", "intermediate", "legacy")
CLASSES = ("E", "M", "A")
SLUG = re.compile(r"^[a-z][a-z0-9-]{0,40}$")
CLAIM_ID = re.compile(r"^[A-Z][A-Z0-9]{1,11}-[0-9]{1,4}$")


class DocumentError(ConfigurationError):
    """The statement document cannot be used. `problems`: one line each, with file and line."""

    def __init__(self, problems: Collection[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Note:
    """Words beside a claim. `tls`: the profiles of a deployment where they show; empty: everywhere."""

    text: Text
    tls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claim:
    """One sentence. `kind`: E enforced, M measured, A attested. `promises` is empty when `unbuilt` says why."""

    id: str
    chapter: str
    kind: str
    family: str
    sentence: Text
    promises: tuple[Promise, ...] = ()
    unbuilt: Text | None = None
    parameters: Mapping[str, Json] | None = None
    inherited: bool = False
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Chapter:
    key: str
    title: Text
    intro: Text | None = None


@dataclass(frozen=True)
class Document:
    """A whole statement. `dated`: its last revision; `review_by`: when it must be read again; `excerpt`: not all of its claims."""

    slug: str
    title: Text
    dated: date
    chapters: tuple[Chapter, ...]
    claims: tuple[Claim, ...]
    intro: Text | None = None
    review_by: date | None = None
    excerpt: bool = False

    def claim(self, id_: str) -> Claim | None:
        return next((claim for claim in self.claims if claim.id == id_), None)


def parse(text: str, *, name: str, controls: Collection[str] | None) -> Document:
    """The document in `text`; `name` is its file in messages; `controls`: the registry's keys (None: any). Raises DocumentError."""
    try:
        data = load_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise DocumentError([_syntax(name, str(error))]) from error
    reader = Reader(text, name)
    document = _document(reader, data, controls)
    if reader.problems or document is None:
        raise DocumentError(reader.problems)
    return document


def _syntax(name: str, message: str) -> str:
    """`file:line: ...` out of tomllib's `... (at line 3, column 7)`."""
    found = re.search(r"^(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)$", message)
    if found is None:
        return f"{name}:1: not valid TOML: {message}"
    return f"{name}:{found['line']}: not valid TOML at column {found['column']}: {found['what']}"


def _document(reader: Reader, data: Mapping[str, Any], controls: Collection[str] | None) -> Document | None:
    root = Table(reader, (), data)
    root.only("statement", "chapter", "claim")
    head = root.table("statement")
    chapters = tuple(_chapter(table) for table in root.tables("chapter"))
    claims = tuple(_claim(table, controls) for table in root.tables("claim"))
    reader.unique("chapter", "key", [chapter.key for chapter in chapters])
    reader.unique("claim", "id", [claim.id for claim in claims])
    known = [chapter.key for chapter in chapters]
    for index, claim in enumerate(claims):
        if claim.chapter and claim.chapter not in known:
            reader.say(
                ("claim", index, "chapter"),
                f"claim {claim.id}: no chapter has the key {claim.chapter!r}; {reader.nearest(claim.chapter, known)}",
            )
    if head is None:
        return None
    head.only("slug", "title", "intro", "dated", "review_by", "excerpt")
    slug = head.string("slug")
    if slug and not SLUG.match(slug):
        reader.say(
            ("statement", "slug"), f"{slug!r} cannot be a slug; write lower-case letters, digits and hyphens, a letter first, 41 at most"
        )
    title, dated = head.text("title"), head.day("dated")
    intro, review_by, excerpt = head.text("intro", required=False), head.day("review_by", required=False), head.flag("excerpt")
    if title is None or dated is None:
        return None
    return Document(slug, title, dated, chapters, claims, intro, review_by, excerpt)


def _chapter(table: Table) -> Chapter:
    table.only("key", "title", "intro")
    return Chapter(table.string("key"), table.text("title") or _LATER, table.text("intro", required=False))


def _claim(table: Table, controls: Collection[str] | None) -> Claim:
    table.only("id", "chapter", "class", "inherited", "family", "fr", "en", "control", "parameters", "controls", "unbuilt", "note")
    id_ = table.string("id")
    if id_ and not CLAIM_ID.match(id_):
        table.say("id", f"{id_!r} cannot be a claim's id; write capitals, a hyphen and a number, such as ASO-16")
    kind = table.string("class")
    if kind and kind not in CLASSES:
        table.say("class", f"claim {id_}: class is {kind!r}; write E (enforced), M (measured) or A (attested)")
    promises, unbuilt, parameters = _sorted(table, id_, controls)
    return Claim(
        id=id_,
        chapter=table.string("chapter"),
        kind=kind,
        family=table.string("family"),
        sentence=table.sentence() or _LATER,
        promises=promises,
        unbuilt=unbuilt,
        parameters=parameters,
        inherited=table.flag("inherited"),
        notes=tuple(_note(note) for note in table.tables("note", required=False)),
    )


def _sorted(table: Table, id_: str, controls: Collection[str] | None) -> tuple[tuple[Promise, ...], Text | None, Mapping[str, Json] | None]:
    """How the claim is kept: exactly one of `control`, `controls`, `unbuilt`."""
    ways = [way for way in ("control", "controls", "unbuilt") if table.has(way)]
    if len(ways) != 1:
        what = f"has {' and '.join(ways)}" if ways else "is bound to nothing"
        table.say(
            ways[-1] if ways else "id", f"claim {id_} {what}; write one of control, controls, or unbuilt = {{ fr, en }} with the reason"
        )
        return (), None, None
    parameters = table.parameters("parameters")
    if ways == ["unbuilt"]:
        return (), table.text("unbuilt"), parameters
    if ways == ["control"]:
        key = table.string("control")
        table.known("control", key, controls, f"claim {id_}: no control is named {key!r}")
        return (Promise(key, parameters or {}),), None, parameters
    if table.has("parameters"):
        table.say("parameters", f"claim {id_}: with controls, write the parameters inside each of them")
    made = []
    for part in table.tables("controls"):
        part.only("key", "parameters")
        key = part.string("key")
        part.known("key", key, controls, f"claim {id_}: no control is named {key!r}")
        made.append(Promise(key, part.parameters("parameters") or {}))
    return tuple(made), None, None


def _note(table: Table) -> Note:
    table.only("fr", "en", "tls")
    profiles = table.strings("tls")
    for profile in profiles:
        table.known("tls", profile, TLS_PROFILES, f"no TLS profile is named {profile!r}")
    return Note(table.sentence() or _LATER, profiles)


_LATER = Text("–", "–")
"""Stands in for a text that is missing; the document is refused anyway."""
