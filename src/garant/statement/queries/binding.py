"""What this deployment can measure, and the statements in force: the two tables that every verdict is read from."""

from functools import lru_cache

from django.conf import settings
from django.utils.module_loading import import_string

from garant.statement.models import Version
from garant.statement.policy.binding import Registry
from garant.statement.policy.document import Document, parse


def registry() -> Registry:
    """Every promise with its measures: what `settings.PROMISE_REGISTRY` names, made by the composition root."""
    found: Registry = import_string(settings.PROMISE_REGISTRY)()
    return found


def documents() -> list[Document]:
    """The version in force of each statement, by slug."""
    return [_parsed(version.text, version.statement.slug) for version in versions()]


def versions() -> list[Version]:
    """The newest version of each statement, by slug, its statement with it."""
    return list(Version.objects.select_related("statement").order_by("statement__slug", "-number").distinct("statement__slug"))


def document_of(version: Version) -> Document:
    return _parsed(version.text, version.statement.slug)


@lru_cache(maxsize=64)
def _parsed(text: str, slug: str) -> Document:
    """A stored text was checked at its import: here a control that no longer exists is no error, it leaves its claim unproven."""
    return parse(text, name=slug, controls=None)
