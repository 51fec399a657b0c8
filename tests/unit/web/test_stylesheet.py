"""The base sheet keeps to what Chrome 40, Firefox 35 and Safari 7 know; the second one stands inside @supports (EHQ-73..76)."""

import pytest
import tinycss2

from support import gallery
from support.cssallow import faults, inline_styles

BASE = gallery.STATIC / "web" / "base.css"
ENHANCE = gallery.STATIC / "web" / "enhance.css"

MODERN = [
    "a { gap: 1px }",
    "a { display: flex }",
    "a { display: grid }",
    "a { color: var(--ink) }",
    "a { width: clamp(1rem, 2vw, 3rem) }",
    "a { aspect-ratio: 1 }",
    "a { position: sticky }",
    "a { margin-inline: 1rem }",
    "a { height: 100dvh }",
    "a:has(b) { color: red }",
    "a:is(b, i) { color: red }",
    "a:focus-visible { color: red }",
    "a { & b { color: red } }",
    "@font-face { font-family: X; src: url(x.woff2) }",
    "@supports (display: grid) { a { color: red } }",
    "@media (prefers-color-scheme: dark) { a { color: red } }",
    "@import url(more.css);",
    "@layer base { a { color: red } }",
    "a { width: max(1rem, 2rem) }",
    "a { object-fit: cover }",
    "",
]


def test_the_base_sheet_holds_nothing_that_old_engines_ignore() -> None:
    assert faults(BASE.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("sheet", MODERN)
def test_the_gate_sees_each_modern_construct(sheet: str) -> None:
    assert faults(sheet) != []


def test_what_is_newer_stands_inside_a_test_for_grid() -> None:
    rules = tinycss2.parse_stylesheet(ENHANCE.read_text(encoding="utf-8"), skip_comments=True, skip_whitespace=True)
    assert [(rule.type, rule.lower_at_keyword) for rule in rules] == [("at-rule", "supports")]
    assert tinycss2.serialize(rules[0].prelude).strip() == "(display: grid)"


@pytest.mark.parametrize(
    "html", ['<p style="color:red">', "<style>a{}</style>", "<script src=x></script>", "<a onclick=x>", '<a href="javascript:x">']
)
def test_the_gate_sees_inline_style_and_script(html: str) -> None:
    assert inline_styles(html) != []
