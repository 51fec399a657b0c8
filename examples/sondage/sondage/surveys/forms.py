"""What authors type, checked on the server; messages say what to write."""

from django import forms

from sondage.surveys.models import Kind
from sondage.surveys.words import say, say_later

MESSAGES = {
    "required": say_later("field_required"),
    "invalid": say_later("field_choice"),
    "invalid_choice": say_later("field_choice"),
    "max_length": say_later("field_long"),
    "null_characters_not_allowed": say_later("field_choice"),
}


class SurveyForm(forms.Form):
    title = forms.CharField(max_length=160, error_messages=MESSAGES)
    introduction = forms.CharField(max_length=4000, required=False, error_messages=MESSAGES)
    language = forms.ChoiceField(choices=[("fr", ""), ("en", "")], error_messages=MESSAGES)


class ContactForm(forms.Form):
    email = forms.EmailField(max_length=254, required=False, error_messages={**MESSAGES, "invalid": say_later("field_email")})


class QuestionForm(forms.Form):
    label = forms.CharField(max_length=300, error_messages=MESSAGES)
    kind = forms.ChoiceField(choices=[(kind.value, "") for kind in Kind], error_messages=MESSAGES)
    required = forms.BooleanField(required=False)
    choices = forms.CharField(max_length=4000, required=False, error_messages=MESSAGES)
    top = forms.CharField(max_length=2, required=False, error_messages=MESSAGES)
    low_word = forms.CharField(max_length=60, required=False, error_messages=MESSAGES)
    high_word = forms.CharField(max_length=60, required=False, error_messages=MESSAGES)

    def clean(self) -> dict[str, object]:
        """Choices only for questions with choices, steps only for a scale."""
        made = super().clean()
        kind = made.get("kind")
        made["choices"] = self._choices(made.get("choices", "")) if kind in (Kind.SINGLE, Kind.MULTIPLE) else []
        made["top"] = self._top(made.get("top", "")) if kind == Kind.SCALE else 5
        if kind != Kind.SCALE:
            made["low_word"] = made["high_word"] = ""
        return made

    def _choices(self, text: str) -> list[str]:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if not 2 <= len(lines) <= 20:
            self.add_error("choices", say("choices_count"))
        elif len(set(lines)) < len(lines):
            self.add_error("choices", say("choices_twice"))
        elif max(map(len, lines)) > 160:
            self.add_error("choices", say("choices_long"))
        return lines

    def _top(self, text: str) -> int:
        if text.isascii() and text.isdigit() and 3 <= int(text) <= 10:
            return int(text)
        self.add_error("top", say("top_range"))
        return 5
