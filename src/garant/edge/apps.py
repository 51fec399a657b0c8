"""Django application of the edge area."""

from django.apps import AppConfig


class Edge(AppConfig):
    name = "garant.edge"
    label = "edge"
