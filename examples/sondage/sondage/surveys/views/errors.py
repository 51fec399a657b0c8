"""Pages for what went wrong, in the page's language; nothing of the machine is shown."""

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from garant.sdk.errors import KeysSuspended, KeysUnavailable
from sondage.surveys.words import say


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(request, "surveys/message.html", {"title": say(title), "text": say(text)}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - the signature that Django calls
    return _page(request, 400, "bad_request", "bad_request_text")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - the signature that Django calls
    return _page(request, 403, "forbidden", "forbidden_text")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - the signature that Django calls
    return _page(request, 404, "not_found", "not_found_text")


def forgery(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - the signature that Django calls
    return _page(request, 403, "forgery", "forgery_text")


def too_large(request: HttpRequest) -> HttpResponse:
    return _page(request, 413, "too_large", "file_too_large")


def too_late(request: HttpRequest) -> HttpResponse:
    return _page(request, 409, "bad_request", "too_late")


def broken(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the signature that Django calls
    """No template and no database: they may be what broke. What is sealed may come back, and says so."""
    if isinstance(sys.exc_info()[1], (KeysSuspended, KeysUnavailable)):
        text = "Les données scellées ne peuvent pas être lues en ce moment. Réessayez dans un instant.\n"
        text += "Sealed data cannot be read right now. Try again in a moment.\n"
        return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8", headers={"Retry-After": "5"})
    text = "Une erreur est survenue. Réessayez dans un instant.\nSomething went wrong. Try again in a moment.\n"
    return HttpResponse(text, status=500, content_type="text/plain; charset=utf-8")
