"""Addresses. The reserved path is the same on every host; the rest belongs to the operator's host."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
