"""Addresses of the tenant's console, under `/.garant/fr/console/`."""

from django.urls import path

from garant.web.views import console_access, console_home, console_journal, console_people, console_places, console_settings

app_name = "console"

urlpatterns = [
    path("", console_access.index, name="access"),
    path("addresses/add/", console_access.add_rule, name="rule-add"),
    path("addresses/<uuid:rule>/remove/", console_access.remove_rule, name="rule-remove"),
    path("requests/<uuid:asked>/", console_access.decide_request, name="decide"),
    path("sessions/<uuid:session>/end/", console_access.end_session, name="session-end"),
    path("people/", console_people.index, name="people"),
    path("people/add/", console_people.add, name="person-add"),
    path("people/<uuid:user>/", console_people.person, name="person"),
    path("people/<uuid:user>/deactivate/", console_people.deactivate, name="person-deactivate"),
    path("people/<uuid:user>/reactivate/", console_people.reactivate, name="person-reactivate"),
    path("people/<uuid:user>/factor/", console_people.reset_factor, name="person-factor"),
    path("people/<uuid:user>/password/", console_people.new_link, name="person-password"),
    path("people/<uuid:user>/sessions/", console_people.end_sessions, name="person-sessions"),
    path("settings/", console_settings.index, name="settings"),
    path("places/", console_places.index, name="places"),
    path("journal/", console_journal.index, name="journal"),
    path("journal/export.csv", console_journal.export, name="journal-export"),
    path("evidence/", console_home.evidence, name="evidence"),
]
