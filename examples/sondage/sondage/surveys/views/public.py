"""The public side: anybody who knows the code answers, without signing in. The organisation is that of the host."""

from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from sondage.surveys import participation, service
from sondage.surveys.models import Status, Survey
from sondage.surveys.views.errors import too_late


@require_GET
def health(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the signature that Django calls
    """200 while the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError:
        return HttpResponse("database\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


def published(request: HttpRequest, code: str) -> Survey:
    """The survey of this organisation under `code`, if it was ever published; else 404."""
    survey = get_object_or_404(Survey.objects.of(request.garant.tenant), code=code)
    if survey.status == Status.DRAFT:
        raise Http404
    return survey


@require_http_methods(["GET", "HEAD", "POST"])
def participate(request: HttpRequest, code: str) -> HttpResponse:
    survey = published(request, code)
    if survey.status == Status.CLOSED:
        return render(request, "surveys/closed.html", {"survey": survey}, status=410)
    fields = participation.fields_of(survey.questions.all(), request.POST if request.method == "POST" else None)
    if request.method == "POST" and not any(one.error for one in fields):
        try:
            service.record_response(survey=survey, language=request.LANGUAGE, answers=participation.answers_of(fields))
        except service.TooLate:
            return too_late(request)
        return redirect("thanks", code=code)
    wrong = [one for one in fields if one.error]
    context = {"survey": survey, "fields": fields, "wrong": wrong, "documents": survey.attachments.all()}
    return render(request, "surveys/participate.html", context, status=422 if wrong else 200)


@require_GET
def thanks(request: HttpRequest, code: str) -> HttpResponse:
    return render(request, "surveys/thanks.html", {"survey": published(request, code)})
