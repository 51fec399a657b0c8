"""Words for states, moments, durations and numbers, in the active language.

Québec: `2026-11-01 à 14 h 05`, `2 160`, `4,2`; France: `01/11/2026 à 14:05`; English: `2026-11-01 at 14:05`, `2,160`, `4.2`.
A no-break space stands wherever a line must not break. Moments are shown in the time zone of the host's tenant.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.utils import formats, timezone
from django.utils.translation import get_language, gettext, ngettext, pgettext

from garant.kernel.text import NBSP, Text
from garant.kernel.verdicts import State
from garant.web.glyphs import Span

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def state(value: State) -> str:
    """The word of a state, the same everywhere."""
    return {
        State.KEPT: gettext("Kept"),
        State.BROKEN: gettext("Broken"),
        State.UNPROVEN: gettext("Not proven"),
        State.STALE: gettext("Stale"),
        State.ATTESTED: gettext("Attested"),
        State.NOT_APPLICABLE: gettext("Not applicable"),
    }[value]


def counted(value: State, number: int) -> str:
    """The word of a state under a number of sentences: `1` · `rompue`, `3` · `non prouvées`."""
    return {
        State.KEPT: ngettext("kept promise|kept", "kept promises|kept", number),
        State.BROKEN: ngettext("broken promise|broken", "broken promises|broken", number),
        State.UNPROVEN: ngettext("unproven promise|not proven", "unproven promises|not proven", number),
        State.STALE: ngettext("stale promise|stale", "stale promises|stale", number),
        State.ATTESTED: ngettext("attested promise|attested", "attested promises|attested", number),
        State.NOT_APPLICABLE: ngettext("inapplicable promise|not applicable", "inapplicable promises|not applicable", number),
    }[value].rpartition("|")[2]


def text(value: Text) -> str:
    """Bilingual content in the active language."""
    return value.in_(get_language() or "fr-ca")


def day(moment: date | datetime) -> str:
    """The calendar day; of a moment, in the tenant's zone."""
    return str(formats.date_format(timezone.localtime(moment) if isinstance(moment, datetime) else moment, "SHORT_DATE_FORMAT"))


def clock(moment: datetime) -> str:
    """The time of day in the tenant's zone."""
    return str(formats.time_format(timezone.localtime(moment), "TIME_FORMAT"))


def second(moment: datetime) -> str:
    """The time of day to the second, for journals."""
    return gettext("%(time)s:%(seconds)s") % {"time": clock(moment), "seconds": f"{moment.second:02d}"}


def when(moment: datetime) -> tuple[str, str]:
    """Day and time of day."""
    return day(moment), clock(moment)


def duration(length: timedelta) -> str:
    """One or two units, truncated, never rounded up: `3 min 12 s`, `2 h`, `46 jours`."""
    length = max(length, timedelta(0))
    if length < MINUTE:
        return gettext("%(n)d s") % {"n": length.seconds}
    if length < HOUR:
        minutes, seconds = divmod(length.seconds, 60)
        whole = gettext("%(n)d min") % {"n": minutes}
        rest = gettext("%(n)d s") % {"n": seconds}
        return f"{whole}{NBSP}{rest}" if seconds and minutes < 10 else whole
    if length < 2 * DAY and length % DAY:
        hours, seconds = divmod(int(length.total_seconds()), 3600)
        whole = gettext("%(n)d h") % {"n": hours}
        rest = gettext("%(n)d min") % {"n": seconds // 60}
        return f"{whole}{NBSP}{rest}" if seconds >= 60 and hours < 6 else whole
    return ngettext("%(n)s day", "%(n)s days", length.days) % {"n": number(length.days)}


def age(moment: datetime, now: datetime) -> str:
    """How long ago: `il y a 12 min`. A moment in the future counts as now: clocks of two machines differ."""
    length = now - moment
    if length < MINUTE:
        return gettext("less than a minute ago")
    whole = timedelta(minutes=length // MINUTE) if length < HOUR else length
    return gettext("%(duration)s ago") % {"duration": duration(whole)}


def number(value: int | float) -> str:
    """A number grouped by thousands with the separators of the language."""
    return str(formats.number_format(value, use_l10n=True, force_grouping=True))


def strip(found: Sequence[Span]) -> str:
    """The strip in words: its text alternative. The oldest of many changes are only counted."""
    days = sum(span.length for span in found)
    head = ngettext("Last day: ", "Last %(n)d days: ", days) % {"n": days}
    if all(span.state is None for span in found):
        return head + pgettext("strip", "never measured")
    if len(found) == 1 and found[0].state is not None:
        return head + pgettext("strip", "%(state)s without interruption") % {"state": state(found[0].state).lower()}
    parts = []
    for place, span in enumerate(found):
        named = pgettext("strip", "not measured") if span.state is None else state(span.state).lower()
        pattern = (
            pgettext("strip", "%(state)s for %(duration)s now") if place == len(found) - 1 else pgettext("strip", "%(state)s %(duration)s")
        )
        parts.append(pattern % {"state": named, "duration": duration(timedelta(days=span.length))})
    if len(parts) > 8:
        left = len(parts) - 8
        parts = [ngettext("%(n)d earlier change", "%(n)d earlier changes", left) % {"n": left}, *parts[-8:]]
    return head + ", ".join(parts)
