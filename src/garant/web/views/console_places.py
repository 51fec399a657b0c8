"""Section "Lieux": where the organisation's data may be and are. The operator changes it (`garant place tenant`)."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from garant.data.queries.places_shown import own_places
from garant.web.desk import administrator, console, tenant_of


@require_GET
@administrator
def index(request: HttpRequest) -> HttpResponse:
    """The placement of this organisation, and the stores that serve it."""
    return console(request, "web/console/places.html", "places", {"own": own_places(tenant_of(request).id)})
