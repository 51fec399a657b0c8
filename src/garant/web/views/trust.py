"""The trust page and the proof of each promise: public, the same for everyone, read from the verdicts and nothing else."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from garant.access.queries.keys import public_keys
from garant.data.queries.places_shown import places_shown
from garant.kernel.verdicts import State
from garant.statement import queries as statements
from garant.web.caching import shared
from garant.web.desk import now_of, operator_host
from garant.web.headline import headline

INTERVALS = 60
"""Rows of the table of intervals; a claim that flaps has more."""


@require_safe
@operator_host
@gzip_page
@shared
def front(request: HttpRequest) -> HttpResponse:
    """The first published statement."""
    return _page(request, front_slug())


@require_safe
@operator_host
@gzip_page
@shared
def statement_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Another published statement."""
    return _page(request, slug)


@require_safe
@operator_host
@gzip_page
@shared
def proof(request: HttpRequest, slug: str, claim: str) -> HttpResponse:
    """What one verdict rests on."""
    now = now_of(request)
    found = statements.claim(slug, claim, now) if slug in published() else None
    if found is None or claim != found.anchor:
        raise Http404
    shown = found.history[:INTERVALS]
    front = slug == front_slug()
    context = {
        "claim": found,
        "intervals": [(each, (each.ended_at or now) - each.began_at) for each in shown],
        "more": len(found.history) - len(shown),
        "nature": _nature(found.kind),
        "back": reverse("trust") if front else reverse("statement", args=[slug]),
        "front": front,
        **_foot(slug, now),
    }
    return render(request, "web/proof.html", context)


def published() -> list[str]:
    """Slugs of the statements that `garant.toml` publishes, in its order; it may name a document by its path."""
    return [name.rpartition("/")[2].removesuffix(".toml") for name in settings.GARANT.statements]


def front_slug() -> str:
    """The statement of the front page."""
    return published()[0]


def _page(request: HttpRequest, slug: str) -> HttpResponse:
    now = now_of(request)
    found = statements.page(slug, now) if slug in published() else None
    if found is None:
        if slug == front_slug():
            return render(request, "web/trust_none.html", {"on_front": True, **_foot(slug, now)})
        raise Http404
    broken = [claim for claim in found.needing_attention if claim.state is State.BROKEN]
    context = {
        "statement": found,
        "headline": headline(found.counts),
        "measured": any(claim.observed_at is not None for claim in found.claims),
        "broken": broken,
        "unsure": [claim for claim in found.needing_attention if claim.state is not State.BROKEN],
        "others": [_other(each) for each in statements.statements(now) if each.published and each.slug != slug],
        "on_front": slug == front_slug(),
        "places": places_shown(),
        **_foot(slug, now),
    }
    return render(request, "web/trust.html", context)


def _other(each: Any) -> dict[str, Any]:
    return {"slug": each.slug, "title": each.title, "claims": each.claims, "worst": each.worst, "front": each.slug == front_slug()}


def _foot(slug: str, now: datetime) -> dict[str, Any]:
    keys = public_keys()["keys"]
    return {
        "now": now,
        "which": "" if slug == front_slug() else f"?statement={slug}",
        "key": keys[0].get("kid", "") if keys else "",
    }


def _nature(kind: str) -> str:
    """What a claim's class means."""
    return {
        "E": gettext("enforced: an engine refuses the contrary, and measures watch it"),
        "M": gettext("measured: Garant observes it, and cannot impose it alone"),
        "A": gettext("attested: somebody vouches for it, until a date"),
    }.get(kind, kind)
