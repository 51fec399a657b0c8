"""The application, for Django."""

from django.apps import AppConfig


class SurveysConfig(AppConfig):
    name = "sondage.surveys"
    label = "surveys"
