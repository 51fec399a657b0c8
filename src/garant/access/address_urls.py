"""Asking that one's address be allowed: the one page that answers from anywhere."""

from django.urls import path

from garant.access.views import address

urlpatterns = [path("", address.ask, name="access_address")]
