"""Results of a survey: counts, drawn by the page; and the answers as CSV."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate

from sondage.surveys.models import Answer, Kind, Question, Response, Survey
from sondage.surveys.words import percent, say

LATEST_TEXTS = 20
MOST_DAYS = 60


@dataclass(frozen=True)
class Bar:
    """One line of a table and its drawing. `width`: 0 to 100, of the largest possible share."""

    label: str
    count: int
    share: str
    width: float


@dataclass(frozen=True)
class Column:
    """One column of a drawing 100 units high. `x`, `y`, `height` in units of the drawing."""

    label: str
    count: int
    x: float
    y: float
    height: float


@dataclass(frozen=True)
class QuestionResult:
    """What was answered to one question."""

    question: Question
    answered: int
    total: int
    bars: list[Bar]
    columns: list[Column]
    mean: float | None
    texts: list[str]


def results_of(survey: Survey) -> list[QuestionResult]:
    """Results of every question, in order. Two queries, however many questions there are."""
    total = survey.responses.count()
    by_question: dict[object, list[Answer]] = defaultdict(list)
    for answer in Answer.objects.of(survey.tenant).filter(response__survey=survey).order_by("-response__at"):
        by_question[answer.question_id].append(answer)
    return [_result(question, by_question[question.id], total) for question in survey.questions.all()]


def _result(question: Question, answers: list[Answer], total: int) -> QuestionResult:
    bars, columns, mean, texts = [], [], None, []
    if question.kind in (Kind.SINGLE, Kind.MULTIPLE):
        counts = Counter(choice for answer in answers for choice in answer.choices)
        bars = [_bar(choice, counts[choice], len(answers)) for choice in question.choices]
    elif question.kind == Kind.SCALE:
        numbers = [answer.number for answer in answers if answer.number is not None]
        counted = Counter(numbers)
        bars = [_bar(str(step), counted[step], len(numbers)) for step in question.steps]
        columns = columns_of([(str(step), counted[step]) for step in question.steps])
        mean = sum(numbers) / len(numbers) if numbers else None
    else:
        texts = [answer.text or "" for answer in answers[:LATEST_TEXTS]]
    return QuestionResult(question, len(answers), total, bars, columns, mean, texts)


def _bar(label: str, count: int, whole: int) -> Bar:
    return Bar(label, count, percent(count, whole), round(100 * count / whole, 1) if whole else 0)


def columns_of(counts: list[tuple[str, int]]) -> list[Column]:
    """Columns 8 units wide, 10 apart; the highest is 100 units, and one that counts anything is 2 at least."""
    most = max((count for _, count in counts), default=0)
    made = []
    for number, (label, count) in enumerate(counts):
        height = max(2.0, round(100 * count / most, 1)) if count else 0.0
        made.append(Column(label, count, 10 * number + 1, 100 - height, height))
    return made


def by_day(survey: Survey) -> list[tuple[date, int]]:
    """Responses of each day, from the first to the last, days without any included; the latest 60 days."""
    rows = survey.responses.annotate(day=TruncDate("at")).order_by("day").values_list("day").annotate(n=Count("id"))
    found = dict(rows)
    if not found:
        return []
    last = max(found)
    first = max(min(found), last - timedelta(days=MOST_DAYS - 1))
    return [(day, found.get(day, 0)) for day in (first + timedelta(days=n) for n in range((last - first).days + 1))]


class _Echo:
    """A file that hands back what is written: the csv module then writes line by line."""

    def write(self, text: str) -> str:
        return text


def csv_lines(survey: Survey) -> Iterator[str]:
    """The responses, one a line, UTF-8 with its mark so that spreadsheets read accents."""
    questions = list(survey.questions.all())
    writer = csv.writer(_Echo())
    yield "\N{ZERO WIDTH NO-BREAK SPACE}"
    yield writer.writerow([_cell(text) for text in (say("csv_at"), say("csv_language"), *(q.label for q in questions))])
    responses = Response.objects.of(survey.tenant).filter(survey=survey).prefetch_related("answers")
    for response in responses.iterator(chunk_size=500):
        answers = {answer.question_id: answer for answer in response.answers.all()}
        cells = [_value(question, answers.get(question.id)) for question in questions]
        yield writer.writerow([_cell(text) for text in (response.at.strftime("%Y-%m-%dT%H:%M:%SZ"), response.language, *cells)])


def _value(question: Question, answer: Answer | None) -> str:
    if answer is None:
        return ""
    if question.kind == Kind.SCALE:
        return str(answer.number)
    return answer.text or "" if question.kind == Kind.TEXT else " | ".join(answer.choices)


def _cell(text: str) -> str:
    """A spreadsheet runs a cell that begins like a formula: an apostrophe keeps it a text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
