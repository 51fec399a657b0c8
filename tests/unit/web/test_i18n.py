"""The language stands in the address, and every page knows itself in the other language."""

import pytest

from garant.web import i18n


@pytest.mark.parametrize(
    ("path", "english"),
    [
        ("/fr/", "/en/"),
        ("/fr/engagements/aso/aso-16/", "/en/engagements/aso/aso-16/"),
        ("/.garant/fr/console/journal/", "/.garant/en/console/journal/"),
        ("/.garant/login/", "/.garant/login/"),
        ("/france/", "/france/"),
    ],
)
def test_the_same_page_in_the_other_language(path: str, english: str) -> None:
    assert i18n.in_language(path, "en") == english


@pytest.mark.parametrize(
    ("header", "tenant", "expected"),
    [
        ("en-US,en;q=0.9", "fr-ca", "en"),
        ("fr-BE", "en-ca", "fr"),
        ("de,ja;q=0.5", "", "fr"),
        ("de", "en-ca", "en"),
        ("de,en;q=0.3,fr;q=0.2", "", "en"),
        ("en;q=0", "fr-ca", "fr"),
        ("", "", "fr"),
    ],
)
def test_what_the_visitor_prefers(header: str, tenant: str, expected: str) -> None:
    assert i18n.preferred(header, tenant) == expected


def test_the_tenant_decides_which_french_is_spoken() -> None:
    assert [i18n.full_code("fr", tenant) for tenant in ("fr-ca", "fr-fr", "en-ca", "")] == ["fr-ca", "fr-fr", "fr-ca", "fr-ca"]
    assert i18n.full_code("en", "fr-fr") == "en-ca"
