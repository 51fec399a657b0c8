"""A participant's form: what the browser sent, read against the questions. Nothing is lost when something is missing."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.http import QueryDict

from sondage.surveys.models import Answer, Kind, Question
from sondage.surveys.words import say

LONGEST_TEXT = 4000


@dataclass
class Field:
    """One question with what was answered to it. `name`: of the form's fields; `given`: texts as sent."""

    question: Question
    name: str
    given: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def text(self) -> str:
        return self.given[0] if self.given else ""

    @property
    def steps_given(self) -> list[tuple[int, bool]]:
        return [(step, str(step) in self.given) for step in self.question.steps]

    @property
    def choices_given(self) -> list[tuple[str, bool]]:
        return [(choice, choice in self.given) for choice in self.question.choices]


def fields_of(questions: Iterable[Question], sent: QueryDict | None = None) -> list[Field]:
    """The form: empty, or with what was sent and the errors in it."""
    made = []
    for question in questions:
        one = Field(question, f"q-{question.id}")
        if sent is not None:
            one.given = [value.strip() for value in sent.getlist(one.name) if value.strip()]
            one.error = _error(one)
        made.append(one)
    return made


def answers_of(fields: Iterable[Field]) -> list[Answer]:
    """Rows for the questions that were answered; call it only when no field has an error."""
    return [_answer(one) for one in fields if one.given]


def _error(one: Field) -> str:
    question, given = one.question, one.given
    if not given:
        return say("answer_missing") if question.required else ""
    if question.kind == Kind.TEXT:
        return say("answer_too_long") if len(one.text) > LONGEST_TEXT else say("answer_unknown") if "\x00" in one.text else ""
    offered = [str(step) for step in question.steps] if question.kind == Kind.SCALE else question.choices
    too_many = question.kind != Kind.MULTIPLE and len(given) > 1
    return say("answer_unknown") if too_many or not set(given) <= set(offered) else ""


def _answer(one: Field) -> Answer:
    question = one.question
    made = Answer(tenant=question.tenant, question=question)
    if question.kind == Kind.TEXT:
        made.text = one.text
    elif question.kind == Kind.SCALE:
        made.number = int(one.text)
    else:
        made.choices = [choice for choice in question.choices if choice in one.given]
    return made
