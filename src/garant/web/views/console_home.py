"""Where the consoles begin, and the section "Preuves"."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from garant.statement import queries as statement
from garant.web.desk import administrator, console, now_of


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """`/.garant/fr/`: the console for who may, else one's own account, else the sign-in page."""
    if not request.user.is_authenticated:
        return redirect("login/")
    return redirect("factors/")


@require_GET
@administrator
def evidence(request: HttpRequest) -> HttpResponse:
    """What the operator promises and whether it is kept, in short, with the way to the whole."""
    return console(
        request,
        "web/console/evidence.html",
        "evidence",
        {"statements": [each for each in statement.statements(now_of(request)) if each.published]},
    )
