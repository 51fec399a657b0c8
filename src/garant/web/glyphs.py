"""The drawings of a state: one glyph with its shape, and the strip of ninety days. Inline SVG, presentation attributes and classes only.

A state is a word, a glyph and a shape; colour repeats what they say. On the strip the height and the notch carry the state:
kept 9 of 12 units, attested 7 with a light line, stale 5.5, unproven 2.5, broken 9 with a notch above.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from garant.kernel.verdicts import State

MARK = {
    State.KEPT: "tenu",
    State.BROKEN: "rompu",
    State.STALE: "perime",
    State.UNPROVEN: "nonprouve",
    State.ATTESTED: "atteste",
    State.NOT_APPLICABLE: "sansobjet",
}
"""The word of a state in class names: `m-tenu`, `bandeau rompu`."""

_SHAPE = {
    State.KEPT: '<circle cx="10" cy="10" r="9.5" fill="#17663A"/>'
    '<path d="M5.6 10.4l3 3.1 6-6.9" stroke="#fff" stroke-width="2.2" fill="none"/>',
    State.BROKEN: '<path d="M6 .5h8l5.5 5.5v8L14 19.5H6L.5 14V6z" fill="#A3161B"/>'
    '<path d="M6.4 6.4l7.2 7.2M13.6 6.4l-7.2 7.2" stroke="#fff" stroke-width="2.2"/>',
    State.STALE: '<path d="M10 .8l9.6 18.2H.4z" fill="#8A4B00"/><path d="M10 7v6.2M10 14.8v2.2" stroke="#fff" stroke-width="2.2"/>',
    State.UNPROVEN: '<circle cx="10" cy="10" r="8.7" fill="none" stroke="#6B7280" stroke-width="1.6" stroke-dasharray="3.2 2.26"/>'
    '<path d="M7.2 8a2.8 2.8 0 1 1 4.2 2.4c-1 .6-1.4 1-1.4 2.1M10 14v2" stroke="#465066" stroke-width="1.8" fill="none"/>',
    State.ATTESTED: '<rect x="1" y="1" width="18" height="18" rx="2" fill="none" stroke="#465066" stroke-width="1.8"/>'
    '<path d="M5.5 7.8h9M5.5 12.2h9" stroke="#465066" stroke-width="2"/>',
    State.NOT_APPLICABLE: '<circle cx="10" cy="10" r="8.7" fill="none" stroke="#465066" stroke-width="1.6"/>'
    '<path d="M5.5 10h9" stroke="#465066" stroke-width="2"/>',
}

# On the strip: class, top and height in units of 12, notch above, light line inside.
_BAR = {
    State.KEPT: ("f-tenu", 3.0, 9.0),
    State.BROKEN: ("f-rompu", 3.0, 9.0),
    State.STALE: ("f-perime", 6.5, 5.5),
    State.UNPROVEN: ("f-rien", 9.5, 2.5),
    State.ATTESTED: ("f-atteste", 5.0, 7.0),
}
GAP = 0.35


@dataclass(frozen=True)
class Span:
    """Days in a row in one state (None: nothing was published yet). `first` counts from the left of the strip."""

    state: State | None
    first: int
    length: int


def glyph(state: State, size: str = "gl") -> SafeString:
    """The drawing of a state, hidden from screen readers: the word stands beside it."""
    return format_html(
        '<svg class="{}" viewBox="0 0 20 20" aria-hidden="true" focusable="false">{}</svg>',
        size,
        mark_safe(_SHAPE[state]),  # noqa: S308  constant
    )


def spans(states: Sequence[State | None]) -> list[Span]:
    """One state a day, oldest first, as runs."""
    found, first = [], 0
    for state, run in groupby(states):
        length = len(list(run))
        found.append(Span(state, first, length))
        first += length
    return found


def bars(found: Sequence[Span]) -> SafeString:
    """The rectangles of a strip, one unit a day; days before anything was published are a thin foot line."""
    drawn = []
    for place, span in enumerate(found):
        gap = GAP if place < len(found) - 1 else 0.0
        x, width = float(span.first), span.length - gap
        if span.state not in _BAR:
            drawn.append(f'<rect x="{_n(x)}" y="11.2" width="{_n(width)}" height=".8" fill="#868D99"/>')
            continue
        name, top, height = _BAR[span.state]
        drawn.append(_rectangle(name, x, top, width, height))
        if span.state is State.BROKEN:
            drawn.append(_rectangle(name, x, 0.0, width, 2.0))
        if span.state is State.ATTESTED:
            drawn.append(f'<rect x="{_n(x)}" y="8" width="{_n(width)}" height="1.2" fill="#FBFAF7"/>')
    return mark_safe("".join(drawn))  # noqa: S308  numbers and constants only


def strip(found: Sequence[Span], label: str, identity: str, extra: str = "") -> SafeString:
    """A whole strip: `label` is its text alternative, `identity` a document-wide unique id."""
    days = sum(span.length for span in found)
    return format_html(
        '<svg class="bande dessin{}" viewBox="0 0 {} 12" preserveAspectRatio="none" role="img" aria-labelledby="{}" '
        'focusable="false"><title id="{}">{}</title>{}</svg>',
        f" {extra}" if extra else "",
        days,
        identity,
        identity,
        label,
        bars(found),
    )


def _rectangle(name: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{name}" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"/>'


def _n(value: float) -> str:
    """A number as SVG likes it: two decimals at most, none when whole."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"
