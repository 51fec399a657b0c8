"""Sealed columns of a Django application, on a real PostgreSQL, with two organisations. Keys in memory: the keyring has its own tests."""

import pickle
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.db import connection, models, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext, isolate_apps

from garant.sdk.envelope import SealError
from garant.sdk.errors import KeysSuspended
from garant.sdk.testing import MemoryKeyring
from garant_django import keys
from garant_django.context import acting_as
from garant_django.fields import BlindIndexField, Envelope, SealedTextField, open_rows

ELAN, RAPIDES = "saint-elan", "trois-rapides"
NAME, MAIL = "Rosalie Béchamp", "Rosalie@Example.org"

with isolate_apps("garant.identity"):

    class Member(models.Model):
        """A person of an application."""

        id = models.UUIDField(primary_key=True, default=uuid.uuid4)
        tenant = models.CharField(max_length=63)
        name = SealedTextField(max_length=20)
        email = SealedTextField(null=True, blank=True)
        email_index = BlindIndexField(source="email")
        role = models.CharField(max_length=20, default="member")

        class Meta:
            app_label = "identity"
            db_table = "sealed_member"

    class Note(models.Model):
        """Hangs on a member, whose organisation is its own; sealed with the member's own key."""

        id = models.UUIDField(primary_key=True, default=uuid.uuid4)
        member = models.ForeignKey(Member, on_delete=models.CASCADE)
        text = SealedTextField(tenant="member.tenant", subject="member_id")

        class Meta:
            app_label = "identity"
            db_table = "sealed_note"


@pytest.fixture(autouse=True)
def tables(as_owner: str) -> Iterator[None]:
    with connection.schema_editor() as editor:
        editor.create_model(Member)
        editor.create_model(Note)
    return


@pytest.fixture(autouse=True)
def keyring() -> Iterator[MemoryKeyring]:
    with keys.use(MemoryKeyring()) as made:
        yield made


def raw(column: str, row: uuid.UUID) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"select {column} from sealed_member where id = %s", [row])
        return cursor.fetchone()[0]


def made(tenant: str = ELAN, **more: Any) -> Member:
    return Member.objects.create(**{"tenant": tenant, "name": NAME, "email": MAIL, **more})


def test_the_database_holds_envelopes_and_the_application_reads_text() -> None:
    member = made()
    for column in ("name", "email"):
        held = bytes(raw(column, member.pk))
        assert held[:2] == b"\x01\x01"
        assert NAME.encode() not in held
        assert MAIL.encode() not in held
    found = Member.objects.get(pk=member.pk)
    assert (found.name, found.email, str(found.name)) == (NAME, MAIL, NAME)
    assert member.name == NAME


def test_empty_and_absent_texts_stay_what_they_are() -> None:
    member = made(name="", email=None)
    found = Member.objects.get(pk=member.pk)
    assert (found.name, found.email, found.email_index) == ("", None, None)
    assert len(raw("name", member.pk)) == 46


def test_a_row_that_is_only_listed_opens_nothing(keyring: MemoryKeyring) -> None:
    made()
    keyring.suspended.add(ELAN)
    [member] = Member.objects.all()
    assert member.role == "member"
    with pytest.raises(KeysSuspended):
        str(member.name)


@pytest.mark.parametrize("swap", ["rows", "columns", "organisations"])
def test_a_value_moved_by_the_databases_owner_does_not_open(swap: str) -> None:
    one, two, other = made(), made(name="Omer"), made(RAPIDES, name="Idriss")
    with connection.cursor() as cursor:
        if swap == "columns":
            cursor.execute("update sealed_member set name = email where id = %s", [one.pk])
        else:
            source = two if swap == "rows" else other
            cursor.execute(
                "update sealed_member set name = (select name from sealed_member where id = %s) where id = %s", [source.pk, one.pk]
            )
    with pytest.raises(SealError):
        str(Member.objects.get(pk=one.pk).name)
    assert Member.objects.get(pk=two.pk).name == "Omer"


def test_a_row_handed_to_another_organisation_does_not_open() -> None:
    member = made()
    with connection.cursor() as cursor:
        cursor.execute("update sealed_member set tenant = %s where id = %s", [RAPIDES, member.pk])
    with pytest.raises(SealError):
        str(Member.objects.get(pk=member.pk).name)


def test_the_application_itself_moves_a_row_by_reading_it_first() -> None:
    member = made()
    copy = Member.objects.get(pk=member.pk)
    assert copy.name == NAME
    assert copy.email == MAIL
    copy.pk, copy.tenant = uuid.uuid4(), RAPIDES
    copy.save(force_insert=True)
    assert Member.objects.get(pk=copy.pk).name == NAME
    unread = Member.objects.get(pk=member.pk)
    unread.pk, unread._state.adding = uuid.uuid4(), True
    with pytest.raises(SealError):
        unread.save(force_insert=True)


def test_an_unchanged_value_keeps_its_envelope_and_needs_no_key(keyring: MemoryKeyring) -> None:
    member = made()
    before = raw("name", member.pk)
    found = Member.objects.get(pk=member.pk)
    keyring.suspended.add(ELAN)
    found.role = "author"
    found.save()
    assert raw("name", member.pk) == before
    keyring.suspended.clear()
    found = Member.objects.get(pk=member.pk)
    assert found.role == "author"
    assert found.name == NAME
    found.save()
    assert raw("name", member.pk) == before
    found.name = "Rosalie B."
    found.save(update_fields=["name"])
    assert raw("name", member.pk) != before
    assert Member.objects.get(pk=member.pk).name == "Rosalie B."


def test_a_member_is_found_by_what_is_sealed_in_their_own_organisation() -> None:
    here, there = made(), made(RAPIDES)
    with acting_as(ELAN):
        assert Member.objects.get(tenant=ELAN, email_index="rosalie@EXAMPLE.org").pk == here.pk
        assert Member.objects.filter(email_index__in=["rosalie@example.org", "omer@example.org"]).count() == 1
        assert not Member.objects.filter(email_index="omer@example.org").exists()
    with acting_as(RAPIDES):
        assert Member.objects.get(email_index="rosalie@example.org").pk == there.pk
    assert bytes(raw("email_index", here.pk)) != bytes(raw("email_index", there.pk))
    with pytest.raises(RuntimeError, match="acting_as"):
        Member.objects.filter(email_index="rosalie@example.org").exists()
    with acting_as(ELAN), pytest.raises(FieldError, match="equality only"):
        Member.objects.filter(email_index__startswith="r")


def test_the_index_follows_its_source() -> None:
    member = made()
    member.email = "new@example.org"
    member.save(update_fields=["email", "email_index"])
    with acting_as(ELAN):
        assert Member.objects.get(email_index="new@example.org") == member
        assert not Member.objects.filter(email_index=MAIL).exists()
    found = Member.objects.get(pk=member.pk)
    found.email = None
    found.save()
    assert raw("email_index", member.pk) is None


@pytest.mark.parametrize("lookup", ["name", "name__exact", "name__contains", "name__in", "name__gt", "name__lower"])
def test_the_database_is_not_asked_to_compare_what_it_cannot(lookup: str) -> None:
    with pytest.raises(FieldError, match="sealed"):
        Member.objects.filter(**{lookup: "Rosalie"}).exists()


def test_whether_there_is_a_value_can_be_asked() -> None:
    made()
    made(email=None)
    assert Member.objects.filter(email__isnull=True).count() == 1


def test_nothing_is_written_in_clear_where_a_row_is_missing() -> None:
    member = made()
    with pytest.raises(FieldError, match=r"save\(\) or bulk_create"), transaction.atomic():
        Member.objects.filter(pk=member.pk).update(name="in clear")
    member.name = "in clear"
    with pytest.raises(FieldError, match="bulk_update"), transaction.atomic():
        Member.objects.bulk_update([member], ["name"])
    member.name = F("role")
    with transaction.atomic(), pytest.raises(FieldError, match="assign a text"):
        Member._meta.get_field("name").pre_save(member, False)
    with pytest.raises(FieldError, match="dumpdata"):
        Member._meta.get_field("name").value_to_string(member)
    assert Member.objects.get(pk=member.pk).name == NAME


def test_many_rows_are_made_at_once() -> None:
    Member.objects.bulk_create([Member(tenant=tenant, name=f"{tenant} {n}") for n in range(5) for tenant in (ELAN, RAPIDES)])
    assert sorted(member.name for member in Member.objects.filter(tenant=RAPIDES)) == [f"{RAPIDES} {n}" for n in range(5)]


def test_a_bulk_update_of_what_is_unchanged_writes_its_envelope() -> None:
    member = made()
    before, found = raw("name", member.pk), Member.objects.get(pk=member.pk)
    assert found.name == NAME
    Member.objects.bulk_update([found], ["name", "role"])
    assert raw("name", member.pk) == before


def test_a_deferred_column_is_read_when_it_is_needed() -> None:
    member = made()
    found = Member.objects.defer("name", "email").get(pk=member.pk)
    assert found.name == NAME
    found.refresh_from_db()
    assert found.name == NAME
    assert Member.objects.only("role").get(pk=member.pk).email == MAIL


def test_values_are_envelopes_which_a_field_opens() -> None:
    member = made()
    held = Member.objects.values_list("name", flat=True).get()
    assert isinstance(held, Envelope)
    assert "sealed" in f"{held}"
    assert Member._meta.get_field("name").open(member, held) == NAME


def test_a_form_takes_and_checks_text() -> None:
    member = Member(tenant=ELAN, name="x" * 21)
    with pytest.raises(ValidationError, match="20"):
        member.full_clean()
    member.name = "Omer"
    member.full_clean()
    assert Member._meta.get_field("name").formfield().max_length == 20


def test_what_was_read_is_plain_text_once_pickled() -> None:
    found = Member.objects.get(pk=made().pk)
    assert found.name == NAME
    again = pickle.loads(pickle.dumps(found.name))
    assert (type(again), again) == (str, NAME)


def test_a_row_needs_its_key_and_its_organisation_first() -> None:
    with pytest.raises(FieldError, match="no organisation"):
        Member.objects.create(name=NAME)
    with pytest.raises(FieldError, match="no key yet"):
        Member._meta.get_field("name").pre_save(Member(pk=None, tenant=ELAN, name=NAME), True)


def test_a_related_row_gives_the_organisation_and_a_person_a_key_of_their_own() -> None:
    member, classes = made(), []
    ring = keys.keyring()
    seal = ring.seal
    ring.seal = lambda **words: (classes.append(words["data_class"]), seal(**words))[1]  # type: ignore[method-assign]
    note = Note.objects.create(member=member, text="Appeler lundi")
    assert classes == [f"subject:{member.pk}"]
    assert Note.objects.select_related("member").get(pk=note.pk).text == "Appeler lundi"


@isolate_apps("garant.identity")
def test_a_model_that_could_not_work_is_said_at_the_start() -> None:
    class Sequence(models.Model):
        tenant = models.CharField(max_length=63)
        name = SealedTextField(unique=True)
        index = BlindIndexField(source="tenant")

        class Meta:
            app_label = "identity"

    found = {each.id for field in Sequence._meta.get_fields() for each in field.check() if str(each.id).startswith("garant")}
    assert found == {"garant.E001", "garant.E002", "garant.E003"}


def test_migrations_write_the_fields_down() -> None:
    for model, name in ((Note, "text"), (Member, "email_index"), (Member, "name")):
        field = model._meta.get_field(name)
        _, path, args, more = field.deconstruct()
        again = type(field)(*args, **more)
        assert path.startswith("garant_django.fields.")
        assert again.deconstruct()[1:] == field.deconstruct()[1:]
    assert Note._meta.get_field("text").deconstruct()[3] == {"tenant": "member.tenant", "subject": "member_id"}


def test_a_thousand_rows_open_in_one_query() -> None:
    Member.objects.bulk_create([Member(tenant=ELAN, name=NAME, email=f"{n}@example.org") for n in range(1000)])
    with CaptureQueriesContext(
        connection,
    ) as asked:
        rows = list(Member.objects.all())
        begun = time.perf_counter()
        open_rows(rows, "name", "email")
        taken = time.perf_counter() - begun
    assert len(asked) == 1
    assert {row.name for row in rows} == {NAME}
    assert taken < 2
