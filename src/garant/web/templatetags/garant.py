"""Tags and filters of "le registre": states, moments, drawings, numbers.

{% verdict state since %}   word, glyph and shape, with "since …" when a moment is given
{% glyph state %}           the drawing alone, hidden from screen readers
{% strip id days %}           ninety days, and thirty under the break
{% when moment %}           <time> with day and time of day; {% day moment %} the day only
{% when moment exact=True %}  the same to the second
{{ moment|ago:now }}        how long ago      {{ text|tr }}   bilingual content in the page's language
{{ value|number }}          grouped by thousands      {{ digest|seal }}   a digest in groups of four
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.conf import settings
from django.forms import Form
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from garant.kernel.canonical import moment as rfc3339
from garant.kernel.promise import Check
from garant.kernel.text import Text
from garant.kernel.verdicts import State
from garant.web import browsers, fact_words, glyphs, wording

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
def strip(identity: str, days: Sequence[Any], tall: bool = False) -> SafeString:
    """Ninety days on a wide page, the last thirty under the break; one of the two is shown. `days`: each with its `state`."""
    states, extra, parts = [one.state for one in days], ("haute" if tall else ""), []
    for length, where in ((90, "large-seul"), (30, "etroit-seul")):
        found = glyphs.spans(states[-length:])
        drawn = glyphs.strip(found, wording.strip(found), f"{identity}-{length}", extra)
        parts.append(format_html('<div class="{}">{}</div>', where, drawn))
    return mark_safe("".join(parts))  # noqa: S308  parts are escaped


@register.simple_tag
def when(moment: datetime | None, exact: bool = False) -> SafeString | str:
    """Day and time: `<time>2026-11-01 à 14 h 05</time>`; a dash for None."""
    if moment is None:
        return "–"
    day_, clock_ = wording.day(moment), wording.second(moment) if exact else wording.clock(moment)
    both = gettext("%(day)s at %(time)s") % {"day": f"<{day_}>", "time": clock_}
    before, _, rest = both.partition(f"<{day_}>")
    return format_html('<time datetime="{}">{}<span class="insecable">{}</span>{}</time>', rfc3339(moment), before, day_, rest)


@register.simple_tag
def day(moment: date | datetime | None) -> SafeString | str:
    """The calendar day."""
    if moment is None:
        return "–"
    on = timezone.localtime(moment).date() if isinstance(moment, datetime) else moment
    return format_html('<time class="insecable" datetime="{}">{}</time>', on.isoformat(), wording.day(on))


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


@register.filter
def named(identity: str, names: Mapping[str, str]) -> str:
    """The name behind an opaque id; staff and programs are said to be that."""
    if identity in names:
        return names[identity]
    return gettext("the system") if identity.startswith("system:") else gettext("somebody who has left")


@register.filter
def factor(kind: str) -> str:
    """The second factor of a session."""
    return {"totp": gettext("code"), "recovery": gettext("recovery code")}.get(kind, gettext("none"))


@register.filter
def posted(form: Form, name: str) -> list[str]:
    """The values that were posted for a field, to be carried over to a confirmation."""
    return list(form.data.getlist(name)) if hasattr(form.data, "getlist") else []


@register.filter
def quoted(sentence: Text) -> str:
    """A promise between the quotation marks of the language, which never stand alone on a line."""
    return gettext("“%(sentence)s”") % {"sentence": tr(sentence)}


@register.filter
def counted(value: State | str, number: int) -> str:
    """The word of a state under a number."""
    return wording.counted(State(value), number)


@register.filter
def plain(value: object) -> str:
    """A fact of the evidence as text: numbers grouped, lists joined, yes and no in words."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, int):
        return wording.number(value)
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {plain(item)}" for name, item in value.items()) or "–"
    if isinstance(value, list | tuple):
        return ", ".join(plain(item) for item in value) or "–"
    return str(value)


@register.filter
def filled(check: Check) -> Check:
    """The check with the names of this deployment. Whose tenant is the reader's to fill in; in a demonstration, one of its towns.

    There the local authority's certificate is not asked for, and a loopback address that no list names stands for elsewhere.
    """
    port = "" if settings.HTTPS_PORT == 443 else f":{settings.HTTPS_PORT}"
    host, local, shown = f"{settings.BASE_HOST}{port}", not settings.GARANT.certificate, not settings.GARANT.application.upstream
    yours = "saint-elan" if shown else gettext("your-organisation")
    return check.filled(host=host, tenant=f"{yours}.{host}", local=local)


@register.simple_tag
def local_authority() -> SafeString | str:
    """What `-k` in the commands of a deployment for development means; nothing in the others."""
    if settings.GARANT.certificate:
        return ""
    said = gettext("-k: the certificate of this deployment is signed by a local authority, for development.")
    return format_html('<p class="bref">{}</p>', said)


@register.filter
def fact(name: str) -> SafeString | str:
    """The name of a fact in words; the bare key where it has none."""
    return fact_words.fact(name, get_language() or "fr-ca") or format_html("<code>{}</code>", name)


@register.filter
def plain_fact(name: str) -> str:
    """The same without markup, for attributes."""
    return fact_words.fact(name, get_language() or "fr-ca") or name


@register.filter
def fact_value(value: str) -> str:
    """A plain value of the evidence: yes and no in the reader's language, anything else as it is."""
    return {"true": gettext("yes"), "false": gettext("no")}.get(value, value)


@register.filter
def browser(agent: str) -> str:
    """A browser and its system, out of what it says of itself."""
    return browsers.browser(agent)


@register.filter
def host(tenant: Any) -> str:
    """The host name at which a tenant is reached."""
    return settings.BASE_HOST if tenant.operator else f"{tenant.slug}.{settings.BASE_HOST}"


@register.filter
def rows(table: Any) -> list[list[tuple[str, str]]]:
    """Each row of a table of facts as pairs of column and value: under the break, the column's name stands beside the value."""
    return [list(zip(table.columns, row, strict=True)) for row in table.rows]


@register.filter
def network(text: str) -> str:
    """A network as people write it: one address alone without its length."""
    return text.removesuffix("/32") if "." in text else text.removesuffix("/128")
