"""The first line of the trust page: the worst state decides it, in words."""

from collections.abc import Sequence

from django.utils.translation import gettext, ngettext

from garant.kernel.verdicts import State


def headline(counts: Sequence[tuple[State, int]]) -> str:
    """`Une promesse sur 36 est rompue`. Nothing is said to be kept unless everything is. `counts`: worst first."""
    total = sum(number for _, number in counts)
    if not total:
        return gettext("No promise is published yet")
    worst, number = counts[0]
    if worst is State.NOT_APPLICABLE:
        return gettext("No promise applies here")
    if worst is State.KEPT:
        return ngettext("The one promise is kept", "All %(total)d promises are kept", total) % {"total": total}
    if worst is State.UNPROVEN and number == total:
        return ngettext("The one promise is not proven", "None of the %(total)d promises is proven yet", total) % {"total": total}
    if worst is State.BROKEN:
        text = ngettext("One promise of %(total)d is broken", "%(n)d promises of %(total)d are broken", number)
    elif worst is State.UNPROVEN:
        text = ngettext("One promise of %(total)d is not proven", "%(n)d promises of %(total)d are not proven", number)
    elif worst is State.STALE:
        text = ngettext("The evidence of one promise of %(total)d is stale", "The evidence of %(n)d promises of %(total)d is stale", number)
    else:
        text = ngettext("One promise of %(total)d rests on somebody’s word", "%(n)d promises of %(total)d rest on somebody’s word", number)
    return text % {"n": number, "total": total}
