"""The members' side: the list, the results, the export."""

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from sondage.surveys import participation
from sondage.surveys.models import Status, Survey
from sondage.surveys.results import by_day, columns_of, csv_lines, results_of

DONE = ("created", "saved", "published", "closed", "deleted", "attached", "detached")


def done(request: HttpRequest) -> str:
    """The key of the sentence that tells what was just done, from the address; unknown words say nothing."""
    word = request.GET.get("fait", "")
    return f"done_{word}" if word in DONE else ""


def of_tenant(request: HttpRequest, survey) -> Survey:
    """A survey of the person's organisation; another organisation's does not exist."""
    return get_object_or_404(Survey.objects.of(request.garant.tenant), pk=survey)


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    surveys = Survey.objects.of(request.garant.tenant).annotate(n=Count("responses"))
    groups = [(status, [one for one in surveys if one.status == status]) for status in (Status.OPEN, Status.DRAFT, Status.CLOSED)]
    return render(request, "surveys/home.html", {"groups": [g for g in groups if g[1]], "done": done(request)})


@require_GET
def results(request: HttpRequest, survey) -> HttpResponse:
    found = of_tenant(request, survey)
    days = by_day(found)
    context = {
        "survey": found,
        "total": found.responses.count(),
        "results": results_of(found),
        "days": days,
        "day_columns": columns_of([(day.isoformat(), count) for day, count in days]),
        "most": max((count for _, count in days), default=0),
        "documents": found.attachments.all(),
        "public_url": request.build_absolute_uri(f"/s/{found.code}/"),
        "done": done(request),
    }
    return render(request, "surveys/results.html", context)


@require_GET
def preview(request: HttpRequest, survey) -> HttpResponse:
    found = of_tenant(request, survey)
    fields = participation.fields_of(found.questions.all())
    context = {"survey": found, "fields": fields, "preview": True, "documents": found.attachments.all()}
    return render(request, "surveys/participate.html", context)


@require_GET
def export(request: HttpRequest, survey) -> HttpResponse:
    """Written whole before it is sent: the reading must end within the request's transaction."""
    found = of_tenant(request, survey)
    return HttpResponse(
        "".join(csv_lines(found)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{found.code}.csv"'},
    )
