"""What people type in the consoles. The server checks everything; old browsers enforce nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

CLASSES = (("login", _("Sign-in pages")), ("member", _("Reserved pages")), ("public", _("Public pages")))


class Form(forms.Form):
    """No `required` in the markup: the server's messages are in the page's language, the browser's are in its own."""

    use_required_attribute = False


def needed(message: Any) -> Mapping[str, Any]:
    """The message of an empty field; lazy, in the language of the page."""
    return {"required": message}


class RuleForm(Form):
    """A network and what to do with it (INT-53, INT-54)."""

    network = forms.CharField(
        label=_("Address or range"),
        help_text=_("IPv4 or IPv6, for example 198.51.100.7, 198.51.100.0/24 or 2001:db8:40::/48."),
        max_length=64,
        error_messages=needed(_("Write an address or a range.")),
    )
    verdict = forms.ChoiceField(
        label=_("Decision"),
        choices=(("allow", _("Allow")), ("deny", _("Deny, whatever else is allowed"))),
        initial="allow",
        widget=forms.RadioSelect,
        error_messages=needed(_("Choose to allow or to deny.")),
    )
    classes = forms.MultipleChoiceField(
        label=_("For which pages"),
        choices=CLASSES,
        initial=["login", "member"],
        widget=forms.CheckboxSelectMultiple,
        error_messages=needed(_("Choose at least one kind of pages.")),
    )
    label = forms.CharField(label=_("Place"), help_text=_("What you call it: Town hall, library…"), max_length=120, required=False)
    until = forms.DateField(
        label=_("Last day (optional)"),
        help_text=_("Year-month-day, for example 2026-12-31. Leave empty for no end."),
        required=False,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("Write the day as year-month-day, for example 2026-12-31.")},
        widget=forms.TextInput(attrs={"class": "court", "autocomplete": "off"}),
    )

    def expires_at(self) -> datetime | None:
        """The end of the last day, in the tenant's zone; None: no end."""
        day = self.cleaned_data.get("until")
        return None if day is None else timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


class DecisionForm(Form):
    """For how long a requested address is opened."""

    hours = forms.TypedChoiceField(
        label=_("For how long"),
        help_text=_("The address closes by itself at the end."),
        choices=((4, _("4 hours")), (8, _("8 hours")), (24, _("24 hours")), (168, _("7 days")), (720, _("30 days"))),
        coerce=int,
    )


class PersonForm(Form):
    """A new person of the organisation."""

    name = forms.CharField(label=_("Name"), max_length=150, error_messages=needed(_("Write the person’s name.")))
    login = forms.CharField(
        label=_("User name"),
        help_text=_("What the person types to sign in. It is not their e-mail address."),
        max_length=150,
        error_messages=needed(_("Write a user name.")),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    email = forms.EmailField(
        label=_("E-mail (optional)"),
        required=False,
        error_messages={"invalid": _("This is not an e-mail address.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "email"}),
    )
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        help_text=_("Without a role a person can sign in, and open nothing."),
        required=False,
        initial=["member"],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, roles: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["roles"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = list(roles)


class RolesForm(Form):
    """The roles of a person."""

    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        help_text=_("Without a role a person can sign in, and open nothing."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, roles: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["roles"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = list(roles)


class SettingsForm(Form):
    """The organisation's choices about the way in (ASO-18, ASO-19, CIR-07)."""

    factor_rule = forms.ChoiceField(
        label=_("Second factor"),
        choices=(
            ("required", _("Required: nobody comes in without one")),
            ("recommended", _("Recommended: people are urged at each sign-in")),
            ("off", _("Not asked for")),
        ),
        widget=forms.RadioSelect,
    )
    idle_minutes = forms.IntegerField(
        label=_("A session unused for this long is closed (minutes)"),
        min_value=5,
        max_value=1440,
        widget=forms.TextInput(attrs={"class": "court", "inputmode": "numeric"}),
        error_messages={
            "required": _("Write a number of minutes, from 5 to 1440."),
            "invalid": _("Write a number of minutes, from 5 to 1440."),
            "min_value": _("Write a number of minutes, from 5 to 1440."),
            "max_value": _("Write a number of minutes, from 5 to 1440."),
        },
    )
    absolute_hours = forms.IntegerField(
        label=_("No session lasts longer than (hours)"),
        min_value=1,
        max_value=168,
        widget=forms.TextInput(attrs={"class": "court", "inputmode": "numeric"}),
        error_messages={
            "required": _("Write a number of hours, from 1 to 168."),
            "invalid": _("Write a number of hours, from 1 to 168."),
            "min_value": _("Write a number of hours, from 1 to 168."),
            "max_value": _("Write a number of hours, from 1 to 168."),
        },
    )
    binding = forms.ChoiceField(
        label=_("A session may move"),
        choices=(
            ("address", _("Nowhere: one address only")),
            ("network", _("Within its network")),
            ("off", _("Anywhere that is allowed")),
        ),
        widget=forms.RadioSelect,
    )
    address_mode = forms.ChoiceField(
        label=_("When a person asks to work from another address"),
        choices=(
            ("approve", _("An administrator decides")),
            ("hours", _("It opens at once for a few hours, after the full sign-in")),
            ("off", _("They cannot ask")),
        ),
        widget=forms.RadioSelect,
    )
    address_hours = forms.IntegerField(
        label=_("An address opened at once stays open for (hours)"),
        min_value=1,
        max_value=24,
        widget=forms.TextInput(attrs={"class": "court", "inputmode": "numeric"}),
        error_messages={
            "required": _("Write a number of hours, from 1 to 24."),
            "invalid": _("Write a number of hours, from 1 to 24."),
            "min_value": _("Write a number of hours, from 1 to 24."),
            "max_value": _("Write a number of hours, from 1 to 24."),
        },
    )


class JournalForm(Form):
    """What to look for in the access journal. Days are the tenant's. `people`: opaque id to name."""

    q = forms.CharField(label=_("Search"), help_text=_("Path, address, method or status"), max_length=100, required=False)
    who = forms.ChoiceField(label=_("Person"), help_text=_("Who was signed in"), required=False)
    since = forms.DateField(
        label=_("From"),
        help_text=_("Year-month-day"),
        required=False,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("Write the day as year-month-day, for example 2026-12-31.")},
        widget=forms.TextInput(attrs={"class": "court", "autocomplete": "off"}),
    )
    until = forms.DateField(
        label=_("To"),
        help_text=_("Year-month-day"),
        required=False,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("Write the day as year-month-day, for example 2026-12-31.")},
        widget=forms.TextInput(attrs={"class": "court", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, people: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["who"]
        assert isinstance(field, forms.ChoiceField)
        found = sorted((people or {}).items(), key=lambda pair: pair[1].casefold())
        field.choices = [("", _("Everybody")), ("none", _("nobody signed in")), *found]

    def period(self) -> tuple[datetime | None, datetime | None]:
        """First moment and first moment after, in the tenant's zone."""
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        return (
            None if since is None else timezone.make_aware(datetime.combine(since, time.min)),
            None if until is None else timezone.make_aware(datetime.combine(until + timedelta(days=1), time.min)),
        )
