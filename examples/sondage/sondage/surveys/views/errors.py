"""Pages for what went wrong, in the page's language; nothing of the machine is shown."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

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
    """No template and no database: they may be what broke."""
    text = "Une erreur est survenue. Réessayez dans un instant.\nSomething went wrong. Try again in a moment.\n"
    return HttpResponse(text, status=500, content_type="text/plain; charset=utf-8")
