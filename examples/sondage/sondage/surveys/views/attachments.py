"""Documents of a survey: joined by authors, downloaded by members and by participants. Always a download, never a page."""

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from garant_django.access import role_required
from sondage.surveys import service, storage
from sondage.surveys.models import Attachment
from sondage.surveys.views.authors import edit_context
from sondage.surveys.views.errors import too_large
from sondage.surveys.views.members import of_tenant
from sondage.surveys.views.public import published
from sondage.surveys.words import say

author = role_required("author", "admin")


@require_GET
def download(request: HttpRequest, survey, attachment) -> FileResponse:
    return _send(request, of_tenant(request, survey), attachment)


@require_GET
def download_public(request: HttpRequest, code: str, attachment) -> FileResponse:
    return _send(request, published(request, code), attachment)


def _send(request: HttpRequest, survey, attachment) -> FileResponse:
    found = get_object_or_404(Attachment.objects.of(request.garant.tenant), survey=survey, pk=attachment)
    try:
        file = storage.open_file(found.tenant, found.id)
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(file, as_attachment=True, filename=found.name, content_type="application/octet-stream")


@author
@require_POST
def upload(request: HttpRequest, survey) -> HttpResponse:
    found = of_tenant(request, survey)
    sent = request.FILES.get("file")
    if sent is not None and sent.size > settings.LARGEST_ATTACHMENT:
        return too_large(request)
    if sent is None or sent.size == 0:
        context = {**edit_context(request, found), "file_error": say("file_missing" if sent is None else "file_empty")}
        return render(request, "surveys/edit.html", context, status=422)
    service.attach(survey=found, person=request.user, upload=sent)
    return redirect(f"{reverse('edit', kwargs={'survey': survey})}?fait=attached#documents")


@author
@require_POST
def delete(request: HttpRequest, survey, attachment) -> HttpResponse:
    found = of_tenant(request, survey)
    service.detach(attachment=get_object_or_404(Attachment.objects.of(request.garant.tenant), survey=found, pk=attachment))
    return redirect(f"{reverse('edit', kwargs={'survey': survey})}?fait=detached#documents")
