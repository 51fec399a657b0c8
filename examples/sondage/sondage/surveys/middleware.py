"""Headers of every answer, the language of the page, the size of what is sent."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from sondage.surveys.views.errors import too_large

Next = Callable[[HttpRequest], HttpResponse]
YEAR = 365 * 24 * 3600
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


class Headers:
    """Nothing but our own sheet and pictures; no page kept by a shared cache."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class Language:
    """The visitor's choice (`?langue=en`, remembered), else what the edge says of the person, else what the browser prefers."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.GET.get("langue", "")
        language = self._language(request, chosen)
        request.LANGUAGE = language[:2]
        with translation.override(language):
            response = self.get_response(request)
            response.headers["Content-Language"] = "en-CA" if language == "en-ca" else "fr-CA"
        if chosen in ("fr", "en"):
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, max_age=YEAR, secure=True, httponly=True, samesite="Lax")
        return response

    def _language(self, request: HttpRequest, chosen: str) -> str:
        identity = request.garant.identity
        accepted = (part.split(";")[0] for part in request.headers.get("accept-language", "").split(","))
        wishes = (chosen, request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""), identity.language if identity else "", *accepted)
        for wish in wishes:
            if wish.strip().lower()[:2] in ("fr", "en"):
                return f"{wish.strip().lower()[:2]}-ca"
        return "fr-ca"


class UploadSize:
    """What is too large is refused before it is read."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > settings.LARGEST_BODY:
            return too_large(request)
        return self.get_response(request)
