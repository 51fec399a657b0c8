"""Sealed columns: the database holds envelopes, the application reads text.

    class Person(models.Model):
        id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
        tenant = models.CharField(max_length=63)
        name = SealedTextField(max_length=200)
        email = SealedTextField(null=True)
        email_index = BlindIndexField(source="email")

    Person.objects.filter(email_index="elodie@example.org")      # in the context of its organisation

1. A value is sealed when its row is saved and opened when it is first read; a row that is only counted or listed opens nothing.
2. It opens in its own row, column and organisation only. The row's key is chosen before the insert: a UUID, not a sequence.
3. The database cannot compare what is sealed: every look-up but `isnull` is refused, and so is writing without a row (`update()`,
   `bulk_update()` of a changed value, `loaddata`), rather than done in clear. For equality there is `BlindIndexField`.
4. An unchanged value keeps its envelope: saving a row does not need its keys.
5. A pickled row holds in clear what was read of it. Pickle keys, not rows.
"""

import functools
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from django import forms
from django.core import checks
from django.core.exceptions import FieldDoesNotExist, FieldError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models.lookups import Lookup, Transform
from django.db.models.query_utils import DeferredAttribute

from garant.sdk.keyring import DEFAULT_CLASS
from garant_django import context
from garant_django.keys import keyring


class Place(NamedTuple):
    """Where a value of a column lives, as its keys know it."""

    tenant: str
    table: str
    column: str
    row: str


class Envelope(bytes):
    """A sealed value as the database holds it."""

    def __repr__(self) -> str:
        return f"<sealed, {len(self)} bytes>"

    __str__ = __repr__


class Opened(str):
    """A text that was opened, with the envelope that it came from."""

    envelope: Envelope
    place: Place

    @classmethod
    def of(cls, text: str, envelope: Envelope, place: Place) -> "Opened":
        """The text, remembering where it lives."""
        made = cls(text)
        made.envelope, made.place = envelope, place
        return made

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


class OpenedWhenRead(DeferredAttribute):
    """The attribute of a sealed field: opens at the first read, keeps the text with its envelope."""

    field: "SealedTextField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if not isinstance(value, Envelope):
            return value
        opened = self.field.open(instance, value)
        instance.__dict__[self.field.attname] = opened
        return opened

    def __set__(self, instance: Any, value: object) -> None:
        instance.__dict__[self.field.attname] = value


class SealedTextField(models.Field):  # type: ignore[type-arg]
    """Text that the database holds sealed.

    `tenant`, `row`: attributes of the row that give its organisation's short name and its key (dots follow relations). `subject`: the
    attribute that names the person, when each person's values have a key of their own; `data_class`: another class of keys otherwise.
    """

    description = "Text that the database holds sealed"
    descriptor_class = OpenedWhenRead
    empty_strings_allowed = True

    def __init__(
        self, *args: Any, tenant: str = "tenant", row: str = "pk", subject: str = "", data_class: str = DEFAULT_CLASS, **more: Any
    ) -> None:
        self.tenant, self.row, self.subject, self.data_class = tenant, row, subject, data_class
        self._tenant_of, self._row_of = attrgetter(tenant), attrgetter(row)
        super().__init__(*args, **more)
        if self.max_length is not None:
            self.validators.append(MaxLengthValidator(self.max_length))

    def deconstruct(self) -> Any:
        name, path, args, more = super().deconstruct()
        for key, usual in (("tenant", "tenant"), ("row", "pk"), ("subject", ""), ("data_class", DEFAULT_CLASS)):
            if getattr(self, key) != usual:
                more[key] = getattr(self, key)
        return name, path, args, more

    def get_internal_type(self) -> str:
        return "BinaryField"

    # Sealing and opening

    def place(self, instance: models.Model) -> Place:
        """Where this row's value lives. Raises FieldError when the row has no key or no organisation yet."""
        tenant, row = self._tenant_of(instance), self._row_of(instance)
        if row in (None, ""):
            raise FieldError(f"{self._name}: the row has no key yet; sealed values need one chosen before the insert, such as a UUID")
        if not tenant:
            raise FieldError(f"{self._name}: the row belongs to no organisation; set {self.tenant} first")
        return Place(str(tenant), instance._meta.db_table, str(self.column), str(row))

    def open(self, instance: models.Model, envelope: Envelope) -> Opened:
        """The text of a row. Raises SealError, KeysSuspended, KeysUnavailable."""
        place = self.place(instance)
        tenant, table, column, row = place
        text = keyring().unseal(tenant=tenant, table=table, column=column, row=row, envelope=envelope)
        return Opened.of(text.decode(), envelope, place)

    def pre_save(self, instance: models.Model, add: bool) -> Any:
        value = instance.__dict__.get(self.attname)
        if value is None:
            return None
        if hasattr(value, "resolve_expression"):
            raise FieldError(f"{self._name}: the database cannot compute a sealed value; assign a text")
        if isinstance(value, Envelope):
            if add:  # a row copied unread: an envelope opens in its own row only
                self.open(instance, value)
            return value
        place = self.place(instance)
        if isinstance(value, Opened) and value.place == place:
            return value.envelope
        data_class = f"subject:{attrgetter(self.subject)(instance)}" if self.subject else self.data_class
        made = Envelope(
            keyring().seal(
                tenant=place.tenant,
                table=place.table,
                column=place.column,
                row=place.row,
                value=str(value).encode(),
                data_class=data_class,
            )
        )
        instance.__dict__[self.attname] = Opened.of(str(value), made, place)
        return made

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Envelope | None:  # noqa: ARG002 - Django's signature
        return None if value is None else Envelope(bytes(value))

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if value is None or isinstance(value, Envelope):
            return value
        if isinstance(value, Opened):
            return value.envelope
        raise FieldError(f"{self._name} is sealed in its row: write it with save() or bulk_create(), not with update() or bulk_update()")

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        value = super().get_db_prep_value(value, connection, prepared)
        return None if value is None else connection.Database.Binary(bytes(value))

    # What Django asks of a field

    def to_python(self, value: Any) -> Any:
        return value if value is None or isinstance(value, (str, Envelope)) else str(value)

    def formfield(self, **more: Any) -> Any:
        return super().formfield(**{"form_class": forms.CharField, "max_length": self.max_length, "widget": forms.Textarea, **more})

    def value_to_string(self, obj: models.Model) -> str:  # noqa: ARG002 - Django's signature
        raise FieldError(f"{self._name} is sealed: dumpdata would write it in clear; copy the database instead")

    def get_lookup(self, lookup_name: str) -> "type[Lookup[Any]] | None":
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise FieldError(f"{self._name} is sealed: the database cannot compare it. Ask isnull, or find it by a BlindIndexField")

    def get_transform(self, lookup_name: str) -> type[Transform] | None:
        raise FieldError(f"{self._name} is sealed: the database cannot transform it ({lookup_name})")

    def check(self, **more: Any) -> list[checks.CheckMessage]:
        found = list(super().check(**more))
        if self.row == "pk" and isinstance(self.model._meta.pk, models.AutoField):
            found.append(
                checks.Error(
                    "a sealed value needs the key of its row before the insert, and this model's is a sequence",
                    hint="give the model a UUID primary key, or name a stable unique attribute: SealedTextField(row=...)",
                    obj=self,
                    id="garant.E001",
                )
            )
        if self.unique or getattr(self, "db_index", False) or self.primary_key:
            found.append(
                checks.Error(
                    "a sealed column cannot be unique, indexed or a key: equal texts are sealed differently",
                    hint="put the constraint on a BlindIndexField",
                    obj=self,
                    id="garant.E002",
                )
            )
        return found

    @property
    def _name(self) -> str:
        return f"{self.model.__name__}.{self.name}"


class BlindIndexField(models.Field):  # type: ignore[type-arg]
    """Finds a sealed value by equality: eight bytes that say nothing without the organisation's index key (see `garant.sdk.blind`).

    `source`: the sealed field. `values`: how many different values there may be, when fewer than a million; below 1,000 it is refused.
    Look-ups take a text, in the context of its organisation. Name it in `update_fields` whenever its source is.
    """

    description = "Blind index of a sealed field"

    def __init__(self, *args: Any, source: str, values: int | None = None, **more: Any) -> None:
        self.source, self.values = source, values
        super().__init__(*args, **{"null": True, "blank": True, "editable": False, **more})

    def deconstruct(self) -> Any:
        name, path, args, more = super().deconstruct()
        more["source"] = self.source
        if self.values is not None:
            more["values"] = self.values
        return name, path, args, more

    def get_internal_type(self) -> str:
        return "BinaryField"

    @functools.cached_property
    def of(self) -> SealedTextField:
        """The sealed field."""
        found = self.model._meta.get_field(self.source)
        if not isinstance(found, SealedTextField):
            raise FieldError(f"{self.model.__name__}.{self.name}: source {self.source!r} is no SealedTextField")
        return found

    def index(self, tenant: str, text: str) -> bytes:
        """The index of a text in one organisation."""
        return keyring().index(tenant=tenant, column=f"{self.model._meta.db_table}.{self.of.column}", value=text, values=self.values)

    def pre_save(self, instance: models.Model, add: bool) -> Any:
        held = instance.__dict__.get(self.of.attname)
        present = instance.__dict__.get(self.attname)
        if isinstance(held, Envelope) and present is not None and not add:
            return present  # its source was not even read
        text = getattr(instance, self.of.attname)
        made = self.index(self.of.place(instance).tenant, text) if text else None
        instance.__dict__[self.attname] = made
        return made

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if isinstance(value, str):
            return self.index(context.current_tenant(), value)
        return None if value is None else bytes(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        value = super().get_db_prep_value(value, connection, prepared)
        return None if value is None else connection.Database.Binary(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> bytes | None:  # noqa: ARG002 - Django's signature
        return None if value is None else bytes(value)

    def get_lookup(self, lookup_name: str) -> "type[Lookup[Any]] | None":
        if lookup_name in ("exact", "in", "isnull"):
            return super().get_lookup(lookup_name)
        raise FieldError(f"{self.model.__name__}.{self.name} is a blind index: it knows equality only (exact, in, isnull)")

    def check(self, **more: Any) -> list[checks.CheckMessage]:
        found = list(super().check(**more))
        try:
            self.of  # noqa: B018 - asked for its error
        except (FieldDoesNotExist, FieldError) as error:
            found.append(checks.Error(str(error), obj=self, id="garant.E003"))
        return found


def open_rows(rows: Sequence[models.Model], *names: str) -> None:
    """Open these sealed fields of rows that were read, in one go: what is damaged is found here and not in the middle of a page."""
    for row in rows:
        for name in names:
            getattr(row, name)
