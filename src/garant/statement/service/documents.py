"""Importing statement documents as audited versions."""

import contextlib
import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.identity.service import tenant_transaction
from garant.kernel.errors import ConfigurationError
from garant.kernel.source import load_toml
from garant.statement.models import Statement, Version
from garant.statement.policy.binding import Registry
from garant.statement.policy.document import DocumentError, parse
from garant.statement.queries.binding import registry as the_registry
from garant.statement.service.publishing import only_one, settle

__all__ = ["DocumentError", "Imported", "catalogue", "import_catalogue", "import_document"]

CATALOGUE = Path(__file__).parents[1] / "catalog"


@dataclass(frozen=True)
class Imported:
    """The version in force after an import. `new`: this import made it."""

    slug: str
    number: int
    new: bool


def catalogue() -> list[str]:
    """Slugs of the statements that are shipped with Garant."""
    return sorted(path.stem for path in CATALOGUE.glob("*.toml"))


def import_catalogue(
    names: Sequence[str], *, at: datetime, actor: str, beside: Path | None = None, registry: Registry | None = None
) -> list[Imported]:
    """Import statements by slug of the catalogue, or by path of the operator's own TOML (relative to the directory `beside`).

    Raises ConfigurationError when a document is absent or has mistakes (DocumentError, all of them).
    """
    made = []
    for name in names:
        path = (beside or Path()) / name if name.endswith(".toml") else CATALOGUE / f"{name}.toml"
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"there is no statement {name!r}; write one of {', '.join(catalogue())}, or the path of a .toml file"
            ) from error
        _check_name(path, text)
        made.append(import_document(text, name=str(path) if name.endswith(".toml") else path.name, at=at, actor=actor, registry=registry))
    return made


def _check_name(path: Path, text: str) -> None:
    """garant.toml names a file, pages and links name its slug: the two are one. A document that cannot be read is refused elsewhere."""
    with contextlib.suppress(tomllib.TOMLDecodeError, AttributeError):
        slug = load_toml(text).get("statement", {}).get("slug")
        if isinstance(slug, str) and slug != path.stem:
            raise DocumentError([f"{path}: its slug is {slug!r}: name the file {slug}.toml, or write slug = {path.stem!r}"])


def import_document(text: str, *, at: datetime, actor: str, name: str = "statement.toml", registry: Registry | None = None) -> Imported:
    """Put a statement in force as a new audited version. The same text twice changes nothing and logs nothing.

    Raises DocumentError with every mistake, and then nothing is changed.
    """
    table = the_registry() if registry is None else registry
    document = parse(text, name=name, controls=table.keys())
    digest = hashlib.sha256(text.encode()).hexdigest()
    with tenant_transaction(None):
        only_one()
        statement, _ = Statement.objects.get_or_create(slug=document.slug, defaults={"created_at": at})
        standing = statement.versions.order_by("-number").first()
        if standing is not None and standing.digest == digest:
            return Imported(document.slug, standing.number, new=False)
        number = standing.number + 1 if standing else 1
        position = audit.append(
            Kind.STATEMENT_IMPORTED, at=at, actor=actor, payload={"statement": document.slug, "version": number, "digest": digest}
        )
        Version.objects.create(statement=statement, number=number, text=text, digest=digest, imported_at=at, actor=actor, position=position)
        settle([(document.slug, claim) for claim in document.claims], registry=table, now=at, actor=actor, whole=document.slug)
    return Imported(document.slug, number, new=True)
