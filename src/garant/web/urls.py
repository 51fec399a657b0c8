"""Addresses of the operator's host: trust page, proofs, operator's console, signed documents."""

from django.urls import path

from garant.web.views import data_map, operator, trust, wellknown

trust_patterns = [
    path("", trust.front, name="trust"),
    path("declarations/<slug:slug>/", trust.statement_page, name="statement"),
    path("engagements/<slug:slug>/<slug:claim>/", trust.proof, name="proof"),
    path("console/", operator.today, name="operator"),
    path("console/data/", data_map.coverage, name="operator-data"),
]

well_known_patterns = [
    path("garant/statement.json", wellknown.statement, name="statement-json"),
    path("garant/verdicts.json", wellknown.verdicts, name="verdicts-json"),
    path("garant/keys.json", wellknown.keys, name="keys-json"),
    path("garant/tls.json", wellknown.tls, name="tls-json"),
    path("garant/places.json", wellknown.places, name="places-json"),
    path("security.txt", wellknown.security, name="security-txt"),
]
