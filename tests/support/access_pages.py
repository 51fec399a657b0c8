"""The pages of access alone, under their reserved path: what these tests need of the product's addresses."""

from django.urls import include, path

from garant.web.i18n import reserved

urlpatterns = [*reserved(path("", include("garant.access.urls")))]
