"""Rows. Every one carries the organisation (`tenant`) it belongs to, and is only read through `.of(tenant)`.

A row and what it hangs on belong to the same organisation: the database refuses the contrary (migration 0002).
Names, e-mail addresses and what people wrote freely are sealed: the database holds them under a key of their organisation, unreadable.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from garant_django.fields import BlindIndexField, SealedTextField


class Scoped(models.QuerySet):
    """Rows of one organisation."""

    def of(self, tenant: str) -> "Scoped":
        """Rows of `tenant`; none at all for the empty name, which is what a request without an organisation has."""
        return self.filter(tenant=tenant) if tenant else self.none()


class TenantRow(models.Model):
    """What every row has."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.CharField(max_length=63, db_index=True)

    objects = Scoped.as_manager()

    class Meta:
        abstract = True


class Organisation(TenantRow):
    """The name that an organisation shows; without a row, its slug is shown."""

    name = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="surveys_one_name_by_tenant")]

    def __str__(self) -> str:
        return self.name


class Person(TenantRow):
    """Somebody that the edge vouched for. `subject` is their identifier there; name and roles are what was last said of them.

    `email` is what they gave by themselves; an author finds a person by it through `email_index`.
    """

    subject = models.UUIDField()
    name = SealedTextField(max_length=200, blank=True, null=True)
    email = SealedTextField(max_length=254, blank=True, null=True)
    email_index = BlindIndexField(source="email")
    roles = ArrayField(models.CharField(max_length=63), default=list)
    language = models.CharField(max_length=35, blank=True)
    first_seen = models.DateTimeField(default=timezone.now)

    is_authenticated = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "subject"], name="surveys_one_person_by_subject")]
        indexes = [models.Index(fields=["tenant", "email_index"], name="surveys_person_by_email")]

    def __str__(self) -> str:
        return str(self.subject)

    @property
    def may_write(self) -> bool:
        """Whether the person may create, change and delete surveys."""
        return not {"author", "admin"}.isdisjoint(self.roles)


class Status(models.TextChoices):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class Survey(TenantRow):
    """A list of questions. `code` is its public address; `language` is that of its own texts."""

    code = models.SlugField(max_length=40)
    title = models.CharField(max_length=160)
    introduction = SealedTextField(blank=True, null=True, max_length=4000)
    language = models.CharField(max_length=2, choices=[("fr", "Français"), ("en", "English")], default="fr")
    status = models.CharField(max_length=6, choices=Status.choices, default=Status.DRAFT)
    author = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="surveys")
    created_at = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["tenant", "code"], name="surveys_one_code_by_tenant")]

    def __str__(self) -> str:
        return self.title


class Kind(models.TextChoices):
    TEXT = "text"
    SINGLE = "single"
    MULTIPLE = "multiple"
    SCALE = "scale"


class Question(TenantRow):
    """One question. `choices` for single and multiple; `top` and the two words for a scale from 1 to `top`."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    label = models.CharField(max_length=300)
    required = models.BooleanField(default=False)
    choices = ArrayField(models.CharField(max_length=160), default=list, blank=True)
    top = models.PositiveSmallIntegerField(default=5)
    low_word = models.CharField(max_length=60, blank=True)
    high_word = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.label

    @property
    def steps(self) -> range:
        return range(1, self.top + 1)


class Response(TenantRow):
    """One person's answers. Nobody knows whose: no address, no cookie, no name is kept."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="responses")
    at = models.DateTimeField(default=timezone.now)
    language = models.CharField(max_length=2)

    class Meta:
        ordering = ["at"]


class Answer(TenantRow):
    """The answer to one question: a text, one or more choices, or a number."""

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="answers")
    text = SealedTextField(blank=True, null=True)
    choices = ArrayField(models.CharField(max_length=160), default=list, blank=True)
    number = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "response", "question"], name="surveys_one_answer_by_question")]


class Attachment(TenantRow):
    """A document of a survey. The file is named after `id`; `name` is only shown."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=150)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    added_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="attachments")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["added_at"]
