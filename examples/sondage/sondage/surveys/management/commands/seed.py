"""`manage.py seed`: surveys of two organisations to look at, with answers. Running it again changes nothing."""

import random
from datetime import UTC, datetime, timedelta

from django.core.management.base import BaseCommand
from django.db import transaction

from garant_django.context import acting_as
from garant_django.keys import keyring
from sondage.surveys.management.demonstration import ORGANISATIONS, SURVEYS
from sondage.surveys.models import Answer, Kind, Organisation, Question, Response, Status, Survey

OPENED = datetime(2026, 10, 26, 13, 0, tzinfo=UTC)


class Command(BaseCommand):
    help = "Creates the surveys of the demonstration (saint-elan and trois-rapides); what exists already is left alone."

    def handle(self, *args: object, **options: object) -> None:  # noqa: ARG002 - the signature that Django calls
        keyring().wait(60)
        made = sum(_seed(tenant, name) for tenant, name in ORGANISATIONS.items())
        self.stdout.write(f"{made} surveys created, {len(SURVEYS) - made} already there.")


def _seed(tenant: str, name: str) -> int:
    """One organisation's, in its own context: what it lacks is made, whole or not at all."""
    with acting_as(tenant, actor="seed", purpose="seed"), transaction.atomic():
        Organisation.objects.get_or_create(tenant=tenant, defaults={"name": name})
        known = set(Survey.objects.of(tenant).values_list("code", flat=True))
        missing = [each for each in SURVEYS if each["tenant"] == tenant and each["code"] not in known]
        for described in missing:
            _create(described)
        return len(missing)


def _create(described: dict) -> None:
    chance = random.Random(described["code"])  # noqa: S311 - a demonstration, always the same
    status = described["status"]
    survey = Survey.objects.create(
        **{key: described[key] for key in ("tenant", "code", "title", "introduction", "language", "status")},
        created_at=OPENED - timedelta(days=3),
        opened_at=None if status == Status.DRAFT else OPENED,
        closed_at=OPENED + timedelta(days=21) if status == Status.CLOSED else None,
    )
    questions = [
        Question.objects.create(tenant=survey.tenant, survey=survey, position=position, **fields)
        for position, fields in enumerate(described["questions"], 1)
    ]
    responses, answers = [], []
    for _ in range(described["responses"]):
        minutes = int(chance.triangular(0, 21 * 1440, 4000))
        response = Response(tenant=survey.tenant, survey=survey, language=survey.language, at=OPENED + timedelta(minutes=minutes))
        responses.append(response)
        given = [_answer(chance, response, question, described["texts"]) for question in questions]
        answers.extend(answer for answer in given if answer is not None)
    Response.objects.bulk_create(responses)
    Answer.objects.bulk_create(answers)


def _answer(chance: random.Random, response: Response, question: Question, texts: list[str]) -> Answer | None:
    if not question.required and chance.random() < (0.8 if question.kind == Kind.TEXT else 0.1):
        return None
    answer = Answer(tenant=question.tenant, response=response, question=question)
    if question.kind == Kind.TEXT:
        answer.text = chance.choice(texts)
    elif question.kind == Kind.SCALE:
        answer.number = round(chance.triangular(1, question.top, question.top * 0.85))
    else:
        weights = [1 / (number + 1.4) for number in range(len(question.choices))]
        picked = chance.choices(question.choices, weights, k=1 if question.kind == Kind.SINGLE else 3)
        answer.choices = [choice for choice in question.choices if choice in picked]
    return answer
