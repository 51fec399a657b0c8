"""What a person outside the allowed addresses types to ask that theirs be allowed."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from garant.access.policy.addresses import HOURS

DURATIONS = ((4, _("4 hours")), (8, _("8 hours")), (24, _("24 hours")), (168, _("7 days")), (720, _("30 days")))
assert tuple(hours for hours, _label in DURATIONS) == HOURS


class AddressForm(forms.Form):
    """Identity and request on one page, so that nothing is kept between two. Secrets are never shown again."""

    use_required_attribute = False

    login = forms.CharField(
        label=_("User name"),
        max_length=150,
        error_messages={"required": _("Write your user name.")},
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1000,
        strip=False,
        error_messages={"required": _("Write your password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label=_("Code"),
        help_text=_("Six digits from your authenticator application, or a recovery code."),
        max_length=40,
        error_messages={"required": _("Write the code that your application shows.")},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "class": "court", "spellcheck": "false"}),
    )
    reason = forms.CharField(
        label=_("Why do you work from here?"),
        help_text=_("Whoever decides will read this. For example: power cut at the office, working from home."),
        max_length=300,
        min_length=3,
        error_messages={
            "required": _("Say in a few words why you work from this address."),
            "min_length": _("Say in a few words why you work from this address."),
            "max_length": _("Say it in 300 characters at most."),
        },
    )
    hours = forms.TypedChoiceField(
        label=_("For how long"),
        help_text=_("The address closes by itself at the end."),
        choices=DURATIONS,
        coerce=int,
        initial=8,
        error_messages={"required": _("Choose a duration."), "invalid_choice": _("Choose a duration of the list.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.setdefault("id", f"id_{name}")

    def without_secrets(self) -> "AddressForm":
        """The same form with its errors, in which the code is not shown again (passwords never are)."""
        self.data = {**self.data.dict(), "code": ""} if isinstance(self.data, QueryDict) else {**self.data, "code": ""}
        return self
