"""The drawings of a state: one glyph with its shape, and the strip of ninety days. Inline SVG, presentation attributes and classes only.

A state is a word, a glyph and a shape; colour repeats what they say. On the strip the height and the notch carry the state:
kept 9 of 12 units, attested 7 with a light line, stale 5.5, unproven 2.5, broken 9 with a notch above.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

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
    """A stretch of one state, in days before now: `start` > `end` ≥ 0."""

    state: State
    start: float
    end: float

    @property
    def days(self) -> float:
        return self.start - self.end


def glyph(state: State, size: str = "gl") -> SafeString:
    """The drawing of a state, hidden from screen readers: the word stands beside it."""
    return format_html(
        '<svg class="{}" viewBox="0 0 20 20" aria-hidden="true" focusable="false">{}</svg>',
        size,
        mark_safe(_SHAPE[state]),  # noqa: S308  constant
    )


def spans(intervals: Sequence[tuple[State, datetime, datetime | None]], now: datetime, days: int) -> list[Span]:
    """`intervals` (state, since, until; until None = still) cut to the window of `days` before `now`, oldest first."""
    found = []
    for state, since, until in sorted(intervals, key=lambda interval: interval[1]):
        start = min((now - since) / timedelta(days=1), float(days))
        end = max((now - (until or now)) / timedelta(days=1), 0.0)
        if start > end:
            found.append(Span(state, start, end))
    return found


def bars(found: Sequence[Span], days: int) -> SafeString:
    """The rectangles of a strip of `days` units; what nobody measured stays empty paper above a thin foot line."""
    drawn = []
    for place, span in enumerate(found):
        if span.state not in _BAR:
            continue
        name, top, height = _BAR[span.state]
        x, width = days - span.start, span.days
        if place < len(found) - 1 and width > 2 * GAP:
            width -= GAP
        width = max(width, 0.5)
        x = min(x, days - width)
        drawn.append(_rectangle(name, x, top, width, height))
        if span.state is State.BROKEN:
            drawn.append(_rectangle(name, x, 0.0, width, 2.0))
        if span.state is State.ATTESTED:
            drawn.append(f'<rect x="{_n(x)}" y="8" width="{_n(width)}" height="1.2" fill="#FBFAF7"/>')
    first = found[0].start if found else 0.0
    if first < days:
        drawn.insert(0, f'<rect x="0" y="11.2" width="{_n(days - first)}" height=".8" fill="#868D99"/>')
    return mark_safe("".join(drawn))  # noqa: S308  numbers and constants only


def strip(found: Sequence[Span], days: int, label: str, identity: str, extra: str = "") -> SafeString:
    """A whole strip: `label` is its text alternative, `identity` a document-wide unique id."""
    return format_html(
        '<svg class="bande dessin{}" viewBox="0 0 {} 12" preserveAspectRatio="none" role="img" aria-labelledby="{}" '
        'focusable="false"><title id="{}">{}</title>{}</svg>',
        f" {extra}" if extra else "",
        days,
        identity,
        identity,
        label,
        bars(found, days),
    )


def _rectangle(name: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{name}" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"/>'


def _n(value: float) -> str:
    """A number as SVG likes it: two decimals at most, none when whole."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"
