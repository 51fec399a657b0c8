"""Addresses. The reserved path is the same on every host; the rest belongs to the operator's host.

/                       to /fr/ or /en/                 (operator's host)
/fr/  /en/              trust page, proofs, operator's console
/.well-known/           documents for programs          (operator's host)
/.garant/fr/  …/en/     sign-in, factors, addresses, tenant's console (every host)
/.garant/…              the same without a language: leads to the visitor's
"""

from django.urls import URLPattern, URLResolver, include, path, re_path

from garant.web.i18n import reserved, translated
from garant.web.urls import trust_patterns, well_known_patterns
from garant.web.views import console_home, language

urlpatterns: list[URLPattern | URLResolver] = [
    path("", language.root),
    *translated(*trust_patterns),
    path(".well-known/", include(well_known_patterns)),
    *reserved(
        path("", console_home.start, name="account"),
        path("console/", include("garant.web.console_urls")),
        path("", include("garant.access.urls")),
    ),
    re_path(r"^\.garant/(?!fr/|en/|static/)(?P<rest>.*)$", language.reserved),
]

handler400 = "garant.web.views.errors.bad_request"
handler403 = "garant.web.views.errors.forbidden"
handler404 = "garant.web.views.errors.not_found"
handler500 = "garant.web.views.errors.server_error"
