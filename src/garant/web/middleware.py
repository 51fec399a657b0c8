"""Headers of every answer, and the language and zone in which it is written."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from garant.web import i18n

Answer = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; script-src 'none'"
)
"""No script at all: every flow is whole without one. No inline style either (v5.0.0-3.4.3)."""

PERMISSIONS_POLICY = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"


class Headers:
    """Security headers, and `no-store` unless the page said something else: what is not declared public is nobody else's.

    v5.0.0-3.4.3 (content security policy), v5.0.0-3.4.5 (referrer), v5.0.0-14.3.2 (no caching of what is personal).
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class Language:
    """Speaks the language of the path (else what the visitor prefers), in the time zone of the host's tenant."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        tenant = getattr(request, "tenant", None)
        native = tenant.language if tenant is not None else ""
        short = i18n.language_of_path(request.path_info)
        if short is None:
            short = i18n.preferred(request.headers.get("Accept-Language", ""), native)
        code = i18n.full_code(short, native)
        with translation.override(code), timezone.override(tenant.tz if tenant is not None else None):
            request.LANGUAGE_CODE = code
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", f"{code[:2]}-{code[3:].upper()}")
        return response
