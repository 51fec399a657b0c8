"""Section "Réglages": the organisation's choices about the way in (ASO-18, ASO-19, CIR-07)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from garant.access import queries as access
from garant.access import service
from garant.kernel.errors import InputError
from garant.web.desk import actor, administrator, console, now_of, said
from garant.web.forms import SettingsForm

FIELDS = ("factor_rule", "idle_minutes", "absolute_hours", "binding", "address_mode", "address_hours")


@require_http_methods(["GET", "POST"])
@administrator
def index(request: HttpRequest) -> HttpResponse:
    """Show and change. To weaken the second factor is asked again."""
    now_ = access.settings()
    form = SettingsForm(request.POST or None, initial={name: getattr(now_, name) for name in FIELDS})
    if request.method == "POST" and form.is_valid():
        weaker = now_.factor_rule == "required" and form.cleaned_data["factor_rule"] != "required"
        if weaker and "confirm" not in request.POST:
            return console(request, "web/console/settings_confirm.html", "settings", {"form": form}, status=409)
        try:
            service.change_settings(**_choices(form.cleaned_data), at=now_of(request), actor=actor(request))
        except InputError as error:
            form.add_error(None, said(error))
        else:
            messages.success(request, gettext("The settings were saved. They hold from now on."))
            return redirect("console:settings")
    return console(request, "web/console/settings.html", "settings", {"form": form}, status=400 if form.errors else 200)


def _choices(typed: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, as the field names and types of the settings."""
    return {
        "factor_rule": service.FactorRule(typed["factor_rule"]),
        "idle": timedelta(minutes=typed["idle_minutes"]),
        "absolute": timedelta(hours=typed["absolute_hours"]),
        "binding": service.Binding(typed["binding"]),
        "address_mode": service.AddressMode(typed["address_mode"]),
        "address_life": timedelta(hours=typed["address_hours"]),
    }
