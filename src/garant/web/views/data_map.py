"""The operator's page on the data map: what it covers, what differs, what it was."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from garant.data import service
from garant.data.queries.maps import versions
from garant.kernel.errors import GarantError
from garant.web.desk import staff


@require_GET
@staff
def coverage(request: HttpRequest) -> HttpResponse:
    """Every table with what the map says of it, compared with the database at this moment."""
    return render(request, "web/data_map.html", {**_checked(), "versions": versions(settings.GARANT.application.name)})


def _checked() -> Mapping[str, Any]:
    """The comparison, or the sentence that says why there is none: the page is served all the same."""
    role = settings.GARANT.application.role or settings.GARANT.application.name
    if settings.DATA_MAP is None:
        return {"checked": None, "missing": True, "trouble": ""}
    try:
        made = service.read_map(settings.DATA_MAP)
        return {"checked": service.check_map(made=made, database=settings.APPLICATION_DATABASE, role=role), "map": made}
    except GarantError as error:
        french = getattr(error, "fr", None)
        said = french if french and (get_language() or "fr").startswith("fr") else str(error).splitlines()[0]
        return {"checked": None, "trouble": said}
