"""The authors' side: write, publish, close, delete. Every page needs one of the roles `author` and `admin`."""

from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from garant_django.access import role_required
from sondage.surveys import service
from sondage.surveys.forms import QuestionForm, SurveyForm
from sondage.surveys.models import Kind, Question
from sondage.surveys.views.errors import too_late
from sondage.surveys.views.members import done, of_tenant
from sondage.surveys.words import say

author = role_required("author", "admin")
read_or_post = require_http_methods(["GET", "HEAD", "POST"])
QUESTION_FIELDS = ("label", "kind", "required", "choices", "top", "low_word", "high_word")


def told_when_too_late(view):
    """The state has changed under the author's feet: 409 and a sentence."""

    @wraps(view)
    def inner(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except service.TooLate:
            return too_late(request)

    return inner


def to(name: str, survey, fait: str = "saved", anchor: str = "") -> HttpResponse:
    """Back to a page of the survey, which says what was done."""
    return redirect(f"{reverse(name, kwargs={'survey': survey})}?fait={fait}{anchor}")


@author
@read_or_post
def create(request: HttpRequest) -> HttpResponse:
    form = SurveyForm(request.POST if request.method == "POST" else None, initial={"language": request.LANGUAGE})
    if form.is_valid():
        survey = service.create_survey(tenant=request.garant.tenant, author=request.user, **form.cleaned_data)
        return to("edit", survey.id, "created")
    return render(request, "surveys/survey_form.html", {"form": form}, status=422 if form.is_bound else 200)


@author
@require_http_methods(["GET", "HEAD"])
def edit(request: HttpRequest, survey) -> HttpResponse:
    found = of_tenant(request, survey)
    return render(request, "surveys/edit.html", edit_context(request, found))


def edit_context(request: HttpRequest, survey) -> dict[str, object]:
    return {
        "survey": survey,
        "questions": list(survey.questions.all()),
        "responses": survey.responses.count(),
        "documents": survey.attachments.all(),
        "public_url": request.build_absolute_uri(f"/s/{survey.code}/"),
        "done": done(request),
    }


@author
@read_or_post
def rename(request: HttpRequest, survey) -> HttpResponse:
    found = of_tenant(request, survey)
    initial = {name: getattr(found, name) or "" for name in ("title", "introduction", "language")}
    form = SurveyForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        for name, value in form.cleaned_data.items():
            setattr(found, name, value)
        found.save(update_fields=list(form.cleaned_data))
        return to("edit", survey)
    return render(request, "surveys/survey_form.html", {"form": form, "survey": found}, status=422 if form.is_bound else 200)


@author
@read_or_post
@told_when_too_late
def add_question(request: HttpRequest, survey) -> HttpResponse:
    found = service.locked_for_questions(tenant=request.garant.tenant, survey=survey)
    form = QuestionForm(request.POST if request.method == "POST" else None, initial={"kind": Kind.SINGLE, "top": "5"})
    if form.is_valid():
        service.add_question(survey=found, fields={name: form.cleaned_data[name] for name in QUESTION_FIELDS})
        return to("edit", survey, anchor="#questions")
    context = {"form": form, "survey": found, "kinds": Kind.values}
    return render(request, "surveys/question_form.html", context, status=422 if form.is_bound else 200)


@author
@read_or_post
@told_when_too_late
def edit_question(request: HttpRequest, survey, question) -> HttpResponse:
    found = service.locked_for_questions(tenant=request.garant.tenant, survey=survey)
    row = _question(request, found, question)
    initial = {name: getattr(row, name) for name in QUESTION_FIELDS} | {"choices": "\n".join(row.choices), "top": str(row.top)}
    form = QuestionForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        for name in QUESTION_FIELDS:
            setattr(row, name, form.cleaned_data[name])
        row.save(update_fields=QUESTION_FIELDS)
        return to("edit", survey, anchor="#questions")
    context = {"form": form, "survey": found, "question": row, "kinds": Kind.values}
    return render(request, "surveys/question_form.html", context, status=422 if form.is_bound else 200)


@author
@require_POST
@told_when_too_late
def move_question(request: HttpRequest, survey, question) -> HttpResponse:
    found = service.locked_for_questions(tenant=request.garant.tenant, survey=survey)
    by = -1 if request.POST.get("sens") == "monter" else 1
    service.move_question(survey=found, question=_question(request, found, question), by=by)
    return to("edit", survey, anchor="#questions")


@author
@require_POST
@told_when_too_late
def delete_question(request: HttpRequest, survey, question) -> HttpResponse:
    found = service.locked_for_questions(tenant=request.garant.tenant, survey=survey)
    _question(request, found, question).delete()
    return to("edit", survey, anchor="#questions")


def _question(request: HttpRequest, survey, question) -> Question:
    return get_object_or_404(Question.objects.of(request.garant.tenant), survey=survey, pk=question)


@author
@require_POST
@told_when_too_late
def publish(request: HttpRequest, survey) -> HttpResponse:
    service.move(survey=of_tenant(request, survey), act="publish")
    return to("results", survey, "published")


@author
@require_POST
@told_when_too_late
def close(request: HttpRequest, survey) -> HttpResponse:
    service.move(survey=of_tenant(request, survey), act="close")
    return to("results", survey, "closed")


@author
@read_or_post
def delete(request: HttpRequest, survey) -> HttpResponse:
    """A page that says what will be lost, then the code typed by hand."""
    found = of_tenant(request, survey)
    typed = request.POST.get("code", "").strip()
    if request.method == "POST" and typed == found.code:
        service.delete_survey(survey=found)
        return redirect(f"{reverse('home')}?fait=deleted")
    error = say("delete_mismatch", code=found.code) if request.method == "POST" else ""
    context = {"survey": found, "responses": found.responses.count(), "typed": typed, "error": error}
    return render(request, "surveys/delete.html", context, status=422 if error else 200)
