"""`{% t "key" %}` and the filters that write numbers and moments as each language does."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.translation import get_language

from sondage.surveys import words

register = template.Library()
register.simple_tag(words.say, name="t")
register.filter("how_many", words.how_many)
register.filter("grouped", words.grouped)
register.filter("decimal", words.decimal)


@register.filter
def day(moment: datetime | None) -> str:
    """`2026-11-23`, in the organisation's zone."""
    return timezone.localtime(moment).strftime("%Y-%m-%d") if moment else ""


@register.filter
def moment(value: datetime | None) -> str:
    """`2026-11-23 14 h 05` or `2026-11-23 14:05`."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    hour = f"{local:%H:%M}" if (get_language() or "").startswith("en") else f"{local:%H}{words.NBSP}h{words.NBSP}{local:%M}"
    return f"{local:%Y-%m-%d}{words.NBSP}{hour}"


@register.filter
def bytes_size(size: int) -> str:
    """`340 ko`, `1,2 Mo`; `340 kB`, `1.2 MB`."""
    english = (get_language() or "").startswith("en")
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))}{words.NBSP}{'kB' if english else 'ko'}"
    return f"{words.decimal(size / 1_000_000)}{words.NBSP}{'MB' if english else 'Mo'}"


@register.filter
def word_of(value: str, prefix: str) -> str:
    """`{{ survey.status|word_of:"status" }}`."""
    return words.say(f"{prefix}_{value}")


@register.filter
def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text typed by an author."""
    return [part.strip() for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
