"""Addresses of the area, to be mounted under the reserved path with its language: `/.garant/fr/login/`."""

from django.urls import include, path

from garant.access.views import account, login

urlpatterns = [
    path("login/", login.login, name="account_login"),
    path("login/code/", login.factor, name="mfa_authenticate"),
    path("login/enrol/", login.enrol_at_login, name="access_enrol"),
    path("logout/", login.logout, name="account_logout"),
    path("invitation/<str:token>/", login.invitation, name="access_invitation"),
    path("factors/", account.account, name="access_account"),
    path("factors/enrol/", account.enrol, name="access_enrol_later"),
    path("factors/codes/", account.codes, name="access_codes"),
    path("factors/remove/", account.remove, name="access_remove_factor"),
    path("password/", account.password, name="account_change_password"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("sessions/<uuid:session>/end/", account.end, name="access_end_session"),
    path("address/", include("garant.access.address_urls")),
]
