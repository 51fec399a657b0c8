"""Tags and filters of "le registre": states, moments, drawings, numbers.

{% verdict state since %}   word, glyph and shape, with "since …" when a moment is given
{% glyph state %}           the drawing alone, hidden from screen readers
{% strip claim %}           ninety days, and thirty under the break
{% when moment %}           <time> with day and time of day; {% day moment %} the day only
{{ moment|ago:now }}        how long ago      {{ text|tr }}   bilingual content in the page's language
{{ value|number }}          grouped by thousands      {{ digest|seal }}   a digest in groups of four
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from garant.kernel.canonical import moment as rfc3339
from garant.kernel.text import Text
from garant.kernel.verdicts import State
from garant.web import glyphs, wording

register = template.Library()


@register.simple_tag
def glyph(state: State | str, size: str = "gl") -> SafeString:
    """The drawing of a state."""
    return glyphs.glyph(State(state), size)


@register.simple_tag
def verdict(state: State | str, since: datetime | None = None, until: datetime | None = None) -> SafeString:
    """`✓ Tenu depuis le 2026-02-03`; for an attestation `until` is shown instead."""
    value = State(state)
    drawn = format_html('<span class="verdict m-{}">{}{}</span>', glyphs.MARK[value], glyphs.glyph(value), wording.state(value))
    said = ""
    if value is State.ATTESTED and until is not None:
        said = gettext("until %(day)s") % {"day": wording.day(until)}
    elif since is not None:
        said = gettext("since %(day)s") % {"day": wording.day(since)}
    if not said:
        return drawn
    return format_html(
        '<span class="verdict m-{}">{}{} <span class="depuis">{}</span></span>',
        glyphs.MARK[value],
        glyphs.glyph(value),
        wording.state(value),
        said,
    )


@register.simple_tag
def strip(identity: str, intervals: Iterable[tuple[State, datetime, datetime | None]], now: datetime, tall: bool = False) -> SafeString:
    """Ninety days on a wide page, thirty under the break; one of the two is shown."""
    kept, extra, parts = list(intervals), ("haute" if tall else ""), []
    for days, where in ((90, "large-seul"), (30, "etroit-seul")):
        found = glyphs.spans(kept, now, days)
        parts.append(
            format_html(
                '<div class="{}">{}</div>', where, glyphs.strip(found, days, wording.strip(found, days), f"{identity}-{days}", extra)
            )
        )
    return mark_safe("".join(parts))  # noqa: S308  parts are escaped


@register.simple_tag
def when(moment: datetime | None) -> SafeString | str:
    """Day and time: `<time>2026-11-01 à 14 h 05</time>`; a dash for None."""
    if moment is None:
        return "–"
    day_, clock_ = wording.when(moment)
    both = gettext("%(day)s at %(time)s") % {"day": f"<{day_}>", "time": clock_}
    before, _, rest = both.partition(f"<{day_}>")
    return format_html('<time datetime="{}">{}<span class="insecable">{}</span>{}</time>', rfc3339(moment), before, day_, rest)


@register.simple_tag
def day(moment: datetime | None) -> SafeString | str:
    """The calendar day."""
    if moment is None:
        return "–"
    return format_html(
        '<time class="insecable" datetime="{}">{}</time>', timezone.localtime(moment).date().isoformat(), wording.day(moment)
    )


@register.simple_tag
def clock(moment: datetime | None) -> SafeString | str:
    """The time of day."""
    if moment is None:
        return "–"
    return format_html('<time class="insecable" datetime="{}">{}</time>', rfc3339(moment), wording.clock(moment))


@register.filter
def ago(moment: datetime, now: datetime) -> str:
    """How long before `now`."""
    return wording.age(moment, now)


@register.filter
def duration(length: timedelta) -> str:
    return wording.duration(length)


@register.filter
def number(value: int | float) -> str:
    return wording.number(value)


@register.filter
def tr(value: Text | str) -> str:
    """Bilingual content in the language of the page."""
    return value.in_(get_language() or "fr-ca") if isinstance(value, Text) else value


@register.filter
def state(value: State | str) -> str:
    return wording.state(State(value))


@register.filter
def mark(value: State | str) -> str:
    """The class-name word of a state."""
    return glyphs.MARK[State(value)]


@register.filter
def seal(digest: str, groups: int = 8) -> str:
    """The first groups of four digits of a digest: `2ac1 77e0 b9d4 …`."""
    return " ".join(digest[start : start + 4] for start in range(0, min(len(digest), 4 * groups), 4))
