"""What browsers of 2014 do not understand in a sheet is reported; the base sheet has none of it, and is not empty."""

from pathlib import Path

import pytest

from garant.assurance.policy import sheet

WEB = Path(__file__).parents[3] / "src" / "garant" / "web" / "static" / "web"

MODERN = [
    ("p{gap:1px}", "property gap"),
    ("p{aspect-ratio:1}", "property aspect-ratio"),
    ("p{display:flex}", "value display: flex"),
    ("p{display:grid}", "value display: grid"),
    ("p{position:sticky}", "value position: sticky"),
    ("p{width:clamp(1px,2px,3px)}", "function clamp()"),
    ("p{color:var(--x)}", "function var()"),
    ("p{--x:1}", "property --x"),
    ("p{width:10vw}", "unit vw"),
    ("p{margin-inline:1px}", "property margin-inline"),
    ("p:has(b){color:red}", "selector :has"),
    ("p:focus-visible{color:red}", "selector :focus-visible"),
    ("@supports (display:grid){p{color:red}}", "@supports"),
    ("@media (prefers-color-scheme:dark){p{color:red}}", "prefers-color-scheme"),
    ("@media (width>30em){p{color:red}}", "width>30em"),
    ("@import 'x.css';p{color:red}", "@import"),
    ("@font-face{src:url(x)}", "@font-face"),
    ("@layer x{p{color:red}}", "@layer"),
    ("p{color:red;& b{color:blue}}", "inside a rule"),
    ("p{color:red", "never ends"),
    ("p{color:red}}", "brace too many"),
    ("", "empty"),
    ("/* nothing */", "empty"),
]


@pytest.mark.parametrize(("text", "fault"), MODERN, ids=[text or "nothing" for text, _ in MODERN])
def test_what_is_too_new_is_reported(text: str, fault: str) -> None:
    assert any(fault in found for found in sheet.faults(text)), sheet.faults(text)


@pytest.mark.parametrize(
    "text",
    [
        "p{color:red}",
        "@charset 'utf-8';p{color:red}",
        "@media screen and (min-width:46em){p{float:left;width:calc(50% - 1rem)}}",
        "a[href^='grid']:before{content:'flex; } {'}",
        "/* display:grid */ p{margin:0 auto}",
    ],
)
def test_what_they_understand_is_not(text: str) -> None:
    assert sheet.faults(text) == ()


def test_the_line_of_a_fault_is_told() -> None:
    assert sheet.faults("/* one\ntwo */\np{color:red}\nb{gap:1px}") == ("line 4: property gap",)


def test_the_sheets_that_we_serve_are_understood_or_skipped() -> None:
    assert sheet.faults((WEB / "base.css").read_text(encoding="utf-8")) == ()
    assert sheet.skipped_by_old_browsers((WEB / "enhance.css").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    ["p{color:red}", "@supports (display:grid){p{gap:1px}} b{gap:1px}", "@supports (color:red){p{gap:1px}}", "@supports (display:grid){"],
)
def test_a_sheet_with_something_outside_the_test_is_not_skipped(text: str) -> None:
    assert not sheet.skipped_by_old_browsers(text)
