"""One organisation never sees, changes nor downloads anything of another; nobody passes where a person or a role is needed."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.urls import get_resolver
from sondage.surveys.models import Answer, Attachment, Person, Question, Response, Survey

from tests.base import ELAN, RAPIDES, TwoOrganisations, Visitor

READS = {"home", "results", "preview", "export", "attachment"}
OWN = {"contact"}
"""Pages on which a person changes what is theirs, and theirs only."""
PUBLIC = {"health", "participate", "thanks", "public-attachment"}


class EveryAddress(TwoOrganisations):
    def setUp(self) -> None:
        super().setUp()
        self.author.post(f"/gestion/{self.survey.id}/pieces/", {"file": SimpleUploadedFile("plan.pdf", b"plan")})
        self.document = Attachment.objects.get()
        self.author.post(f"/gestion/{self.draft.id}/pieces/", {"file": SimpleUploadedFile("secret.pdf", b"secret")})

    def addresses(self) -> dict[str, str]:
        """Every address of the application by name, of this organisation's things."""
        values = {"code": self.survey.code, "survey": self.survey.id, "attachment": self.document.id}
        values["question"] = self.survey.questions.first().id
        made = {}
        for pattern in get_resolver().url_patterns:
            wanted = {name: values[name] for name in pattern.pattern.converters}
            made[pattern.name] = "/" + get_resolver().reverse(pattern.name, **wanted)
        return made

    def snapshot(self) -> list[object]:
        models = (Survey, Question, Response, Answer, Attachment)
        return [sorted(map(str, model.objects.values_list())) for model in models]

    def test_the_list_of_addresses_is_whole(self) -> None:
        assert len(self.addresses()) >= 20
        assert set(self.addresses()) > READS | PUBLIC

    def test_a_stranger_gets_404_everywhere_and_changes_nothing(self) -> None:
        before = self.snapshot()
        for name, address in self.addresses().items():
            if name in {"home", "create", "health", "find"} | OWN:
                continue
            for method in (self.stranger.get, self.stranger.post):
                status = method(address, {"code": self.survey.code}).status_code
                assert status in (404, 405), f"{name}: {status}"
        assert self.snapshot() == before

    def test_a_passer_by_at_another_host_finds_no_public_page(self) -> None:
        for name in ("participate", "thanks", "public-attachment"):
            assert self.passer_by.get(self.addresses()[name]).status_code == 404, name

    def test_an_assertion_of_one_organisation_is_refused_at_the_host_of_the_other(self) -> None:
        for name, address in self.addresses().items():
            if name not in PUBLIC:
                assert self.author.get(address, HTTP_HOST=f"{RAPIDES}.garant.localhost").status_code == 401, name

    def test_nobody_reaches_public_pages_only(self) -> None:
        before = self.snapshot()
        for name, address in self.addresses().items():
            assert self.nobody.get(address).status_code == (200 if name in PUBLIC else 401), name
            if name not in PUBLIC:
                forged = {"HTTP_X_GARANT_USER": str(self.author.user), "HTTP_X_GARANT_ROLES": "author", "HTTP_X_GARANT_TENANT": ELAN}
                assert self.nobody.post(address, **forged).status_code == 401, name
        assert self.snapshot() == before

    def test_a_reader_reads_and_does_not_write(self) -> None:
        before = self.snapshot()
        for name, address in self.addresses().items():
            if name not in PUBLIC | OWN:
                assert self.reader.get(address).status_code == (200 if name in READS else 403), name
                assert self.reader.post(address).status_code == (405 if name in READS else 403), name
        assert self.snapshot() == before

    def test_the_list_shows_ones_own_surveys(self) -> None:
        self.written(RAPIDES, "transport", status="open")
        self.assertContains(self.author.get("/"), "Titre parc")
        self.assertNotContains(self.author.get("/"), "Titre transport")
        self.assertContains(self.stranger.get("/"), "Titre transport")
        self.assertNotContains(self.stranger.get("/"), "Titre parc")

    def test_the_same_code_in_two_organisations_is_two_surveys(self) -> None:
        theirs = self.written(RAPIDES, "parc", status="open")
        self.passer_by.post("/s/parc/", self.answers(theirs, "Bleu"))
        assert (theirs.responses.count(), self.survey.responses.count()) == (1, 0)

    def test_the_database_refuses_a_row_that_hangs_on_anothers(self) -> None:
        for row in (
            Question(tenant=RAPIDES, survey=self.survey, position=9, kind="text", label="?"),
            Response(tenant=RAPIDES, survey=self.survey, language="fr"),
            Attachment(tenant=RAPIDES, survey=self.survey, name="x", size=1, sha256="0"),
        ):
            with pytest.raises(IntegrityError):
                self.saved_and_checked(row)

    def saved_and_checked(self, row: Model) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            row.save()
            cursor.execute("set constraints all immediate")


class People(TwoOrganisations):
    def test_a_person_is_mapped_at_first_sight_and_refreshed(self) -> None:
        visitor = Visitor(self.edge, ELAN, "member", name="Thaïs")
        visitor.get("/")
        first = Person.objects.get(subject=visitor.user)
        assert (first.tenant, first.name, first.roles) == (ELAN, "Thaïs", ["member"])
        visitor.defaults["HTTP_X_GARANT_ASSERTION"] = self.edge.token(ELAN, visitor.user, ["author"], "Thaïs Corriveau")
        visitor.get("/")
        again = Person.objects.get(subject=visitor.user)
        assert (again.id, again.name, again.roles) == (first.id, "Thaïs Corriveau", ["author"])

    def test_the_same_identifier_in_two_organisations_is_two_persons(self) -> None:
        self.author.get("/")
        self.stranger.defaults["HTTP_X_GARANT_ASSERTION"] = self.edge.token(RAPIDES, self.author.user, ["member"], "Autre")
        self.stranger.get("/")
        assert Person.objects.filter(subject=self.author.user).count() == 2
