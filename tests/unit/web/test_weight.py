"""Every page with its sheets weighs at most 30 KB compressed, and no page asks anything of another site."""

import gzip
import re

import pytest

from support import gallery

BUDGET = 30_000
SHEETS = sum(len(gzip.compress(path.read_bytes(), 6)) for path in sorted((gallery.STATIC / "web").iterdir()))


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("exhibit", gallery.EXHIBITS, ids=str)
def test_a_page_is_light_and_alone(exhibit: gallery.Exhibit, language: str) -> None:
    html = gallery.render(exhibit, language)
    assert len(gzip.compress(html.encode(), 6)) + SHEETS <= BUDGET
    assert re.findall(r'(?:src|srcset|<link[^>]+href)="(?:https?:)?//', html) == []


@pytest.mark.parametrize("exhibit", gallery.EXHIBITS, ids=str)
def test_a_page_says_its_language_and_links_to_itself_in_the_other(exhibit: gallery.Exhibit) -> None:
    """WCAG 3.1.1, 3.1.2."""
    if exhibit.name in ("fault", "unavailable"):
        assert 'lang="en"' in gallery.render(exhibit, "fr")
        return
    for short, lang, other in (("fr", "fr-CA", "en"), ("en", "en-CA", "fr")):
        html = gallery.render(exhibit, short)
        assert f'<html lang="{lang}">' in html
        assert f'href="{exhibit.path.replace("/fr/", f"/{other}/")}" lang="{other}" hreflang="{other}"' in html


@pytest.mark.parametrize(
    "exhibit", [each for each in gallery.EXHIBITS if each.state == "error" and each.template.startswith("web/console/")], ids=str
)
def test_a_failed_form_says_so_in_its_title(exhibit: gallery.Exhibit) -> None:
    """WCAG 2.4.2, 3.3.1."""
    if exhibit.name != "rule-remove":
        assert "<title>Erreur" in gallery.render(exhibit, "fr")
