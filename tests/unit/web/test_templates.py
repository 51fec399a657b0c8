"""Every template of every area: no inline style or script, no information in tooltips, spaces that do not break, allowed words."""

import re
from pathlib import Path

import pytest

import garant
from support.cssallow import inline_styles

ROOT = Path(garant.__file__).parent
TEMPLATES = sorted(path for path in ROOT.glob("*/templates/**/*.html"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_templates_to_look_at() -> None:
    assert len(TEMPLATES) > 20


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_no_inline_style_or_script(path: Path) -> None:
    assert inline_styles(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_nothing_is_said_in_a_tooltip_or_a_placeholder(path: Path) -> None:
    """WCAG 1.4.13, 3.3.2: what matters is printed. `<title>` inside a drawing is its text alternative and stays."""
    assert re.findall(r"<(?!svg|title)[a-z]+[^>]*\s(?:title|placeholder)=", path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_every_table_has_a_caption_and_scopes(path: Path) -> None:
    """WCAG 1.3.1."""
    text = path.read_text(encoding="utf-8")
    for table in re.findall(r"<table\b.*?</table>", text, re.DOTALL):
        assert "<caption" in table
        assert re.findall(r"<th(?![^>]*scope=)[\s>]", table) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_every_post_form_carries_its_token(path: Path) -> None:
    """Old browsers know no SameSite: the token is always there (v5.0.0-3.5.1)."""
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", path.read_text(encoding="utf-8"), re.DOTALL):
        assert "{% csrf_token %}" in form


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_quotation_mark_never_stands_alone_on_a_line(path: Path) -> None:
    assert re.findall(r"« | »", path.read_text(encoding="utf-8")) == []
