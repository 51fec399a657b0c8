"""The language is in the address: `/fr/…` and `/en/…` on the operator's host, `/.garant/fr/…` and `/.garant/en/…` on every host.

Which French is spoken under `fr` is the tenant's choice: France for a tenant whose language is `fr-fr`, Québec for everybody else.
Hence a page never depends on a header, and each page can link to itself in the other language.
"""

import re

from django.conf import settings
from django.urls import LocalePrefixPattern, URLPattern, URLResolver
from django.utils.translation import get_language
from django.utils.translation.trans_real import parse_accept_lang_header

RESERVED = ".garant/"
IN_PATH = re.compile(r"^/(?:\.garant/)?(fr|en)(?=/|$)")


def segment(language: str | None) -> str:
    """`en` for English, `fr` for everything else (French is the default)."""
    return "en" if (language or "").lower().startswith("en") else "fr"


def language_of_path(path: str) -> str | None:
    """`fr` or `en` when the path says so."""
    found = IN_PATH.match(path)
    return found.group(1) if found else None


def full_code(short: str, of_tenant: str = "") -> str:
    """The language to activate for `fr` or `en`, given the tenant's own language."""
    if short == "en":
        return "en-ca"
    return "fr-fr" if of_tenant.lower() == "fr-fr" else "fr-ca"


def preferred(accept_language: str, of_tenant: str = "") -> str:
    """`fr` or `en`: what the visitor asks for first among the two, else the tenant's language, else French."""
    for code, quality in parse_accept_lang_header(accept_language):
        if quality > 0 and code[:2] in ("fr", "en"):
            return code[:2]
    return segment(of_tenant or settings.LANGUAGE_CODE)


def in_language(path: str, short: str) -> str:
    """The address of the same page in the other language; a path without language is given back as it is."""
    found = IN_PATH.match(path)
    return path if found is None else f"{path[: found.start(1)]}{short}{path[found.end(1) :]}"


class LanguagePattern(LocalePrefixPattern):
    """`<root><fr|en>/`: Django's language prefix with two segments only, under an optional root."""

    root = ""

    @property
    def language_prefix(self) -> str:
        return f"{self.root}{segment(get_language())}/"


class ReservedLocalePattern(LanguagePattern):
    """The same under the reserved path, which the edge always leads here, on every host."""

    root = RESERVED


def translated(*urls: URLPattern | URLResolver) -> list[URLResolver]:
    """`urls` under `/fr/` and `/en/`."""
    return [URLResolver(LanguagePattern(), list(urls))]


def reserved(*urls: URLPattern | URLResolver) -> list[URLResolver]:
    """`urls` under `/.garant/fr/` and `/.garant/en/`."""
    return [URLResolver(ReservedLocalePattern(), list(urls))]
