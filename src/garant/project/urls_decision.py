"""Addresses of the decision process: one question, and whether it lives."""

from django.urls import path

from garant.access.views.decision import decide_view, healthz

urlpatterns = [path("decide", decide_view), path("healthz", healthz)]
