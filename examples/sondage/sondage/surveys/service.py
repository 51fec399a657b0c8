"""What can be done to a survey. A change of state is one guarded UPDATE: whoever comes second is told so.

- draft -> open -> closed -> open again; questions change only while there is no response
- what is deleted takes its answers and the files of its documents along
"""

import secrets
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max
from django.http import Http404
from django.utils import timezone
from django.utils.text import slugify

from sondage.surveys import storage
from sondage.surveys.models import Answer, Attachment, Question, Response, Status, Survey

MOVES = {"publish": ((Status.DRAFT, Status.CLOSED), Status.OPEN), "close": ((Status.OPEN,), Status.CLOSED)}


class TooLate(Exception):
    """The survey is no longer in the state that this act needs."""


def create_survey(*, tenant: str, author, title: str, introduction: str, language: str) -> Survey:
    """A new draft, whose public code cannot be guessed from its title."""
    code = f"{slugify(title)[:30].strip('-') or 'sondage'}-{secrets.token_hex(3)}"
    return Survey.objects.create(tenant=tenant, author=author, code=code, title=title, introduction=introduction, language=language)


def move(*, survey: Survey, act: str) -> None:
    """`publish` or `close`. Raises TooLate when the survey is not in a state that allows it, or has no question."""
    before, after = MOVES[act]
    if after == Status.OPEN and not survey.questions.exists():
        raise TooLate
    now = timezone.now()
    changes = {"opened_at": survey.opened_at or now, "closed_at": None} if after == Status.OPEN else {"closed_at": now}
    if not Survey.objects.of(survey.tenant).filter(pk=survey.pk, status__in=before).update(status=after, **changes):
        raise TooLate


def locked_for_questions(*, tenant: str, survey) -> Survey:
    """The survey, locked until the end of the transaction, with no response yet. Raises Http404 or TooLate."""
    found = Survey.objects.of(tenant).select_for_update().filter(pk=survey).first()
    if found is None:
        raise Http404
    if found.responses.exists():
        raise TooLate
    return found


def add_question(*, survey: Survey, fields: dict[str, object]) -> Question:
    """A question at the end."""
    last = survey.questions.aggregate(last=Max("position"))["last"] or 0
    return Question.objects.create(tenant=survey.tenant, survey=survey, position=last + 1, **fields)


def move_question(*, survey: Survey, question: Question, by: int) -> None:
    """One place up (-1) or down (+1); nothing happens at the ends."""
    order = list(survey.questions.all())
    here = order.index(question)
    there = here + by
    if 0 <= there < len(order):
        order[here], order[there] = order[there], order[here]
    for position, item in enumerate(order, 1):
        item.position = position
    Question.objects.bulk_update(order, ["position"])


def record_response(*, survey: Survey, language: str, answers: Sequence[Answer]) -> None:
    """Keeps the answers, if the survey is still open when they arrive; the row is held so that it cannot close meanwhile."""
    if not Survey.objects.of(survey.tenant).select_for_update(no_key=True).filter(pk=survey.pk, status=Status.OPEN).exists():
        raise TooLate
    response = Response.objects.create(tenant=survey.tenant, survey=survey, language=language)
    for answer in answers:
        answer.response = response
    Answer.objects.bulk_create(answers)


def attach(*, survey: Survey, person, upload) -> Attachment:
    """Keeps an uploaded file beside the survey."""
    attachment = Attachment(tenant=survey.tenant, survey=survey, added_by=person, name=storage.safe_name(upload.name), size=upload.size)
    attachment.sha256 = storage.keep(upload, attachment.tenant, attachment.id)
    attachment.save(force_insert=True)
    return attachment


def detach(*, attachment: Attachment) -> None:
    """Deletes a document; its file goes when the transaction is sure."""
    tenant, name = attachment.tenant, attachment.id
    attachment.delete()
    transaction.on_commit(lambda: storage.destroy(tenant, name))


def delete_survey(*, survey: Survey) -> None:
    """Destroys a survey, its responses and its documents."""
    for attachment in survey.attachments.all():
        detach(attachment=attachment)
    survey.delete()
