"""A positive list of the CSS that works in Chrome 40, Firefox 35 and Safari 7: what is not on it is a fault.

    faults(sheet) -> ["12 property gap", ...]     inline_styles(html) -> ["style=", "<style>"]

Nested rules, `@font-face`, `@import` and every at-rule but `@media` and `@charset` are faults; an empty sheet is one too.
To allow a property, first see it work in an engine of 2014, then add it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import tinycss2

# fmt: off
PROPERTIES = frozenset([
    "background", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-radius", "border-right",
    "border-style", "border-top", "border-width", "bottom", "box-sizing", "-webkit-box-sizing", "clear", "color", "content", "cursor",
    "display", "fill", "float", "font", "font-family", "font-size", "font-weight", "height", "left", "letter-spacing", "line-height",
    "list-style", "margin", "margin-bottom", "margin-left", "margin-right", "margin-top", "max-height", "max-width", "min-height",
    "min-width", "opacity", "outline", "outline-offset", "overflow", "overflow-wrap", "overflow-x", "overflow-y", "padding",
    "padding-bottom", "padding-left", "padding-right", "padding-top", "page-break-inside", "position", "right", "stroke",
    "stroke-width", "table-layout", "text-align", "text-decoration", "text-transform", "top", "vertical-align", "visibility",
    "white-space", "width", "word-break", "word-wrap", "z-index", "-webkit-appearance", "-webkit-overflow-scrolling",
    "-webkit-text-size-adjust",
])
# fmt: on
# fmt: off
VALUES = frozenset([
    "grid", "flex", "inline-flex", "inline-grid", "sticky", "contents", "flow-root",
    "fit-content", "max-content", "min-content", "unset", "revert",
])
# fmt: on
FUNCTIONS = frozenset(["calc", "attr", "rgb", "rgba", "hsl", "hsla", "url"])
UNITS = frozenset(["px", "em", "rem", "%", "s", "ms", "deg"])
PSEUDO = frozenset(
    ["before", "after", "hover", "focus", "active", "visited", "first-child", "last-child", "nth-child", "checked", "disabled"]
)
MEDIA = re.compile(r"^\s*(print|screen|\(\s*(min|max)-width\s*:\s*[\d.]+em\s*\))\s*$")


def faults(sheet: str) -> list[str]:
    """Every construct that the old engines do not know, with its line."""
    rules = tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)
    if not rules:
        return ["0 empty sheet"]
    return list(_rules(rules))


def inline_styles(html: str) -> list[str]:
    """Style and script inside a page or a template: the content security policy would drop them."""
    found = re.findall(r"<style\b|<script\b|\sstyle\s*=|\son[a-z]+\s*=|javascript:", html, re.IGNORECASE)
    return [one.strip().lower() for one in found]


def _rules(rules: Iterable[Any]) -> Iterator[str]:
    for rule in rules:
        if rule.type == "error":
            yield f"{rule.source_line} {rule.message}"
        elif rule.type == "at-rule":
            yield from _at(rule)
        elif rule.type == "qualified-rule":
            yield from _selector(rule)
            yield from _block(rule)


def _at(rule: Any) -> Iterator[str]:
    name = rule.lower_at_keyword
    if name == "charset":
        return
    if name != "media" or rule.content is None:
        yield f"{rule.source_line} @{name}"
        return
    query = tinycss2.serialize(rule.prelude)
    if not MEDIA.match(query):
        yield f"{rule.source_line} @media {query.strip()}"
    yield from _rules(tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True))


def _selector(rule: Any) -> Iterator[str]:
    text = tinycss2.serialize(rule.prelude)
    for pseudo in re.findall(r"::?([a-z-]+)", text):
        if pseudo not in PSEUDO:
            yield f"{rule.source_line} selector :{pseudo}"
    if "&" in text:
        yield f"{rule.source_line} selector &"


def _block(rule: Any) -> Iterator[str]:
    for item in tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True):
        if item.type != "declaration":
            yield f"{item.source_line} nested {item.type}"
            continue
        if item.name not in PROPERTIES:
            yield f"{item.source_line} property {item.name}"
        for token in _walk(item.value):
            if token.type == "ident" and token.lower_value in VALUES:
                yield f"{item.source_line} value {item.name}: {token.value}"
            elif token.type == "function" and token.lower_name not in FUNCTIONS:
                yield f"{item.source_line} function {token.lower_name}()"
            elif token.type == "dimension" and token.lower_unit not in UNITS:
                yield f"{item.source_line} unit {token.lower_unit}"


def _walk(tokens: Iterable[Any]) -> Iterator[Any]:
    for token in tokens:
        yield token
        for inside in ("arguments", "content"):
            if getattr(token, inside, None):
                yield from _walk(getattr(token, inside))
