"""Pages of what went wrong. They say what to do next; those of a fault need neither database nor session."""

import sys

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from psycopg_pool import PoolTimeout

AWAY = (OperationalError, InterfaceError, PoolTimeout)
"""What the database's absence looks like."""


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return _fault("web/fault.html", 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Why, in the words of whoever refused."""
    reason = str(exception) if isinstance(exception, PermissionDenied) else ""
    return render(request, "web/forbidden.html", {"reason": reason}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    if getattr(request, "tenant", None) is None:
        return _fault("web/fault.html", 404)
    return render(request, "web/not_found.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """503 in both languages when the database is away, else 500; neither template reads anything."""
    if isinstance(sys.exc_info()[1], AWAY):
        response = _fault("web/unavailable.html", 503)
        response["Retry-After"] = "10"
        return response
    return _fault("web/fault.html", 500)


def _fault(template: str, status: int) -> HttpResponse:
    return HttpResponse(loader.render_to_string(template, {"status": status}), status=status)
