"""Section "Journal": every request to the organisation's addresses, what is missing from it, and the same as a file."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from garant.audit import service as audit
from garant.edge import queries as edge
from garant.kernel.canonical import moment
from garant.web.desk import actor, administrator, console, now_of, tenant_of
from garant.web.forms import JournalForm
from garant.web.people import names
from garant.web.sheet import cell

PAGE = 50
MOST = 50_000
"""Lines of one file: what a spreadsheet takes and memory holds; a longer period is asked for in parts."""


@require_GET
@administrator
def index(request: HttpRequest) -> HttpResponse:
    """One page of lines, the newest first."""
    now, known = now_of(request), names()
    form = JournalForm(request.GET or None, people=known)
    lines: list[edge.Line] = []
    if not form.is_bound or form.is_valid():
        lines = edge.journal(limit=PAGE + 1, before=_before(request), **_asked(form, request))
    more = len(lines) > PAGE
    lost = edge.losses(since=now - timedelta(days=7))
    context = {"form": form, "lines": lines[:PAGE], "next": lines[PAGE - 1].id if more else None, "names": known, "lost": lost}
    query = request.GET.copy()
    query.pop("before", None)
    context |= {"query": query.urlencode(), "first": "before" not in request.GET, "searched": bool(query)}
    return console(request, "web/console/journal.html", "journal", context, status=400 if form.errors else 200)


@require_POST
@administrator
def export(request: HttpRequest) -> HttpResponse:
    """The lines that the page's search finds, as CSV. The export itself is an entry of the audit log."""
    known = names()
    form = JournalForm(request.POST, people=known)
    if not form.is_valid():
        return console(request, "web/console/journal.html", "journal", {"form": form, "lines": []}, status=400)
    lines = edge.journal(limit=MOST + 1, **_asked(form, request))
    cut = len(lines) > MOST
    content = _table(lines[:MOST], known, cut)
    now = now_of(request)
    audit.append(
        audit.Kind.JOURNAL_EXPORTED, at=now, actor=actor(request), tenant=tenant_of(request).id, payload={"lines": min(len(lines), MOST)}
    )
    response = HttpResponse(content.encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="journal-{tenant_of(request).slug}-{now.date().isoformat()}.csv"'
    return response


def _asked(form: JournalForm, request: HttpRequest) -> dict[str, Any]:
    since, until = form.period() if form.is_bound else (None, None)
    text, who = (form.cleaned_data["q"], form.cleaned_data["who"]) if form.is_bound else ("", "")
    return {"tenant": tenant_of(request).id, "text": text, "who": who, "since": since, "until": until}


def _before(request: HttpRequest) -> int | None:
    value = request.GET.get("before", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def _table(lines: list[edge.Line], known: Mapping[str, str], cut: bool) -> str:
    """Every cell goes through `cell`: a path that begins with `=` must not become a formula in a spreadsheet."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["at_utc", "address", "user", "name", "method", "host", "path", "status", "ms", "bytes", "reason", "request"])
    for line in lines:
        user = str(line.user or "")
        row = (moment(line.at), line.address, user, known.get(user, ""), line.method, line.host, line.path)
        writer.writerow([cell(value) for value in (*row, line.status, line.ms, line.size, line.reason, line.request)])
    if cut:
        writer.writerow([cell(gettext("Cut after %(most)d lines: ask for a shorter period.") % {"most": MOST})])
    return file.getvalue()
