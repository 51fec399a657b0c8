"""A survey's life: written, published, answered, counted, exported, closed, destroyed."""

import csv
import io
from html.parser import HTMLParser

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import override_settings
from sondage.surveys import storage
from sondage.surveys.models import Answer, Attachment, Question, Response, Survey
from sondage.surveys.results import columns_of, results_of

from tests.base import ELAN, RAPIDES, TwoOrganisations, Visitor


class Writing(TwoOrganisations):
    def test_from_a_blank_page_to_a_published_survey(self) -> None:
        answer = self.author.post("/gestion/nouveau/", {"title": "L'été", "introduction": "", "language": "fr"})
        survey = Survey.objects.get(title="L'été")
        self.assertRedirects(answer, f"/gestion/{survey.id}/?fait=created")
        assert (survey.tenant, survey.status, survey.author.name) == (ELAN, "draft", "Rosalie Béchamp")
        assert self.author.post(f"/gestion/{survey.id}/publier/").status_code == 409  # no question yet
        fields = {"label": "Oui?", "kind": "single", "choices": "Oui\r\n\r\nNon\r\n", "required": "on"}
        self.author.post(f"/gestion/{survey.id}/questions/ajouter/", fields)
        assert survey.questions.get().choices == ["Oui", "Non"]
        self.author.post(f"/gestion/{survey.id}/publier/")
        assert self.nobody.get(f"/s/{survey.code}/").status_code == 200

    def test_mistakes_are_told_and_nothing_typed_is_lost(self) -> None:
        answer = self.author.post("/gestion/nouveau/", {"title": "", "introduction": "Long texte", "language": "xx"})
        assert answer.status_code == 422
        self.assertContains(answer, "Remplissez ce champ.", status_code=422)
        self.assertContains(answer, "Long texte", status_code=422)
        self.assertContains(answer, "<title>Erreur", status_code=422)

    def test_bad_questions_are_refused(self) -> None:
        address = f"/gestion/{self.draft.id}/questions/ajouter/"
        for fields in (
            {"label": "?", "kind": "single", "choices": "Un seul"},
            {"label": "?", "kind": "single", "choices": "A\nA"},
            {"label": "?", "kind": "multiple", "choices": "\n".join(map(str, range(21)))},
            {"label": "?", "kind": "scale", "top": "11"},
            {"label": "?", "kind": "scale", "top": "²"},
            {"label": "?", "kind": "other"},
            {"label": "a\x00b", "kind": "text"},
            {"label": "", "kind": "text"},
        ):
            assert self.author.post(address, fields).status_code == 422, fields
        assert self.draft.questions.count() == 4

    def test_questions_move_and_go(self) -> None:
        first, second, *_ = self.draft.questions.all()
        base = f"/gestion/{self.draft.id}/questions"
        self.author.post(f"{base}/{second.id}/deplacer/", {"sens": "monter"})
        assert [q.id for q in self.draft.questions.all()][:2] == [second.id, first.id]
        self.author.post(f"{base}/{second.id}/deplacer/", {"sens": "monter"})  # already first
        self.author.post(f"{base}/{first.id}/supprimer/")
        assert self.draft.questions.count() == 3

    def test_questions_are_frozen_by_the_first_response(self) -> None:
        self.nobody.post("/s/parc/", self.answers(self.survey, "Bleu"))
        question = self.survey.questions.first()
        base = f"/gestion/{self.survey.id}/questions"
        for address in (f"{base}/{question.id}/supprimer/", f"{base}/{question.id}/deplacer/", f"{base}/ajouter/"):
            assert self.author.post(address, {"label": "x", "kind": "text"}).status_code == 409
        assert Question.objects.filter(survey=self.survey).count() == 4

    def test_a_change_of_state_that_comes_second_is_told_so(self) -> None:
        assert self.author.post(f"/gestion/{self.survey.id}/fermer/").status_code == 302
        assert self.author.post(f"/gestion/{self.survey.id}/fermer/").status_code == 409

    def test_deletion_wants_the_code_and_takes_everything(self) -> None:
        self.author.post(f"/gestion/{self.survey.id}/pieces/", {"file": SimpleUploadedFile("plan.pdf", b"plan")})
        self.nobody.post("/s/parc/", self.answers(self.survey, "Bleu"))
        kept = storage.path_of(ELAN, Attachment.objects.get().id)
        address = f"/gestion/{self.survey.id}/supprimer/"
        self.assertContains(self.author.post(address, {"code": "autre"}), "Écrivez parc", status_code=422)
        assert kept.exists()
        with self.captureOnCommitCallbacks(execute=True):
            self.assertRedirects(self.author.post(address, {"code": "parc"}), "/?fait=deleted")
        assert not kept.exists()
        assert (Response.objects.count(), Answer.objects.count(), Attachment.objects.count()) == (0, 0, 0)


class Answering(TwoOrganisations):
    def test_an_anonymous_answer_is_kept_and_counted(self) -> None:
        sent = self.answers(self.survey, "Bleu", ["Lundi", "Jeudi"], "4", "Parce que.")
        self.assertRedirects(self.nobody.post("/s/parc/", sent), "/s/parc/merci/")
        single, multiple, scale, text = results_of(self.survey)
        assert [(bar.label, bar.count, bar.width) for bar in single.bars] == [("Bleu", 1, 100), ("Vert", 0, 0)]
        assert [bar.count for bar in multiple.bars] == [1, 0, 1]
        assert (scale.mean, [column.count for column in scale.columns]) == (4, [0, 0, 0, 1, 0])
        assert text.texts == ["Parce que."]
        self.assertContains(self.reader.get(f"/sondages/{self.survey.id}/"), "Parce que.")

    def test_a_required_answer_is_asked_for_and_the_rest_is_kept(self) -> None:
        answer = self.nobody.post("/s/parc/", self.answers(self.survey, "", ["Mardi"], "", "Mon texte"))
        self.assertContains(answer, "Répondez à cette question.", status_code=422)
        self.assertContains(answer, "Mon texte", status_code=422)
        assert Response.objects.count() == 0

    def test_answers_that_were_not_offered_are_refused(self) -> None:
        for given in (
            ("Rouge",),
            (["Bleu", "Vert"],),
            ("Bleu", ["Dimanche"]),
            ("Bleu", [], "6"),
            ("Bleu", [], "x"),
            ("Bleu", [], "1", "x" * 4001),
        ):
            assert self.nobody.post("/s/parc/", self.answers(self.survey, *given)).status_code == 422, given
        assert Response.objects.count() == 0

    def test_a_draft_does_not_exist_and_a_closed_survey_says_so(self) -> None:
        assert self.nobody.get("/s/brouillon/").status_code == 404
        self.author.post(f"/gestion/{self.survey.id}/fermer/")
        self.assertContains(self.nobody.post("/s/parc/", self.answers(self.survey, "Bleu")), "terminé", status_code=410)
        assert Response.objects.count() == 0

    def test_a_forged_form_is_refused(self) -> None:
        strict = Visitor(self.edge, ELAN, enforce_csrf_checks=True)
        self.assertContains(strict.post("/s/parc/", self.answers(self.survey, "Bleu")), "Formulaire expiré", status_code=403)

    def test_what_a_participant_writes_is_text_not_html(self) -> None:
        self.nobody.post("/s/parc/", self.answers(self.survey, "Bleu", [], "", "<script>alert(1)</script>"))
        page = self.reader.get(f"/sondages/{self.survey.id}/")
        self.assertContains(page, "&lt;script&gt;")
        self.assertNotContains(page, "<script")

    def test_csv_holds_every_answer_and_runs_nothing(self) -> None:
        self.nobody.post("/s/parc/", self.answers(self.survey, "Bleu", ["Lundi", "Mardi"], "2", '=HYPERLINK("x")'))
        self.nobody.post("/s/parc/", self.answers(self.survey, "Vert"))
        data = self.reader.get(f"/sondages/{self.survey.id}/reponses.csv").getvalue()
        head, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig")))
        assert head[2:] == ["Une couleur?", "Des jours?", "Combien?", "Pourquoi?"]
        assert [row[2:] for row in rows] == [["Bleu", "Lundi | Mardi", "2", '\'=HYPERLINK("x")'], ["Vert", "", "", ""]]


class Documents(TwoOrganisations):
    def upload(self, name: str, content: bytes):
        return self.author.post(f"/gestion/{self.survey.id}/pieces/", {"file": SimpleUploadedFile(name, content)})

    def test_what_is_joined_comes_back_whole_as_a_download(self) -> None:
        content = bytes(range(256)) * 4000
        self.upload("Plan du parc.pdf", content)
        document = Attachment.objects.get()
        for visitor, address in (
            (self.reader, f"/sondages/{self.survey.id}/pieces/{document.id}/"),
            (self.nobody, f"/s/parc/pieces/{document.id}/"),
        ):
            answer = visitor.get(address)
            assert answer.getvalue() == content
            assert answer["Content-Disposition"].startswith("attachment")
            assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")

    def test_names_are_shown_and_never_become_paths(self) -> None:
        for typed, shown in (
            ("../../etc/passwd", "passwd"),
            ("C:\\secret\\plan.pdf", "plan.pdf"),
            ("facture\u202efdp.exe", "facturefdp.exe"),
            ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
            ("é" * 300 + ".pdf", "é" * 146 + ".pdf"),
            ("...", "document"),
            ("", "document"),
        ):
            assert storage.safe_name(typed) == shown
        self.upload("../../../evil.txt", b"x")
        kept = [path for path in self.folder.rglob("*") if path.is_file() and path.name != "keys.json"]
        assert kept == [storage.path_of(ELAN, Attachment.objects.get().id)]

    def test_empty_missing_and_too_large_are_told(self) -> None:
        self.assertContains(self.upload("vide.txt", b""), "Ce fichier est vide", status_code=422)
        assert self.author.post(f"/gestion/{self.survey.id}/pieces/").status_code == 422
        with override_settings(LARGEST_BODY=1000):
            self.assertContains(self.upload("gros.bin", b"x" * 2000), "dépasse 20", status_code=413)
        with override_settings(LARGEST_ATTACHMENT=1000):
            assert self.upload("gros.bin", b"x" * 2000).status_code == 413
        assert Attachment.objects.count() == 0

    def test_a_file_lost_from_disk_is_a_404(self) -> None:
        self.upload("plan.pdf", b"plan")
        document = Attachment.objects.get()
        storage.destroy(ELAN, document.id)
        assert self.reader.get(f"/sondages/{self.survey.id}/pieces/{document.id}/").status_code == 404


class Demonstration(TwoOrganisations):
    def test_seeding_twice_is_seeding_once(self) -> None:
        said = io.StringIO()
        call_command("seed", stdout=said)
        counts = (Survey.objects.count(), Response.objects.count(), Answer.objects.count())
        call_command("seed", stdout=said)
        assert (Survey.objects.count(), Response.objects.count(), Answer.objects.count()) == counts
        assert "0 surveys created" in said.getvalue()
        for tenant in (ELAN, RAPIDES):
            assert Survey.objects.of(tenant).filter(status="open").exists()

    def test_every_seeded_page_opens_in_both_languages_without_script_or_style(self) -> None:
        call_command("seed", stdout=io.StringIO())
        for survey in Survey.objects.of(ELAN):
            for language in ("fr", "en"):
                for page in ("apercu/", ""):
                    answer = self.reader.get(f"/sondages/{survey.id}/{page}?langue={language}")
                    self.assertContains(answer, f'<html lang="{language}-CA">')
                    assert Forbidden(answer.content.decode()).found == []


class Forbidden(HTMLParser):
    """Finds what the content policy would refuse."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        names = {name for name, _ in attrs}
        if tag in ("script", "style") or "style" in names or any(name.startswith("on") for name in names):
            self.found.append(self.get_starttag_text())


class Drawings(TwoOrganisations):
    def test_columns(self) -> None:
        assert [c.height for c in columns_of([("a", 0), ("b", 1), ("c", 400)])] == [0, 2, 100]
        assert columns_of([]) == []
