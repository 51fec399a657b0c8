"""A person gives an address, an author finds them by it, and nobody of another organisation does."""

from sondage.surveys.models import Person

from tests.base import ELAN, RAPIDES, TwoOrganisations, Visitor

MAIL = "omer@example.org"


class Contact(TwoOrganisations):
    def give(self, visitor: Visitor, email: str) -> object:
        return visitor.post("/coordonnees/", {"email": email})

    def find(self, visitor: Visitor, email: str) -> object:
        return visitor.post("/gestion/personnes/", {"email": email})

    def test_a_person_gives_changes_and_takes_away_their_own_address(self) -> None:
        answer = self.give(self.reader, "Omer@Example.org")
        assert (answer.status_code, answer.url) == (302, "/coordonnees/?fait=saved")
        self.assertContains(self.reader.get("/coordonnees/"), 'value="Omer@Example.org"')
        self.assertContains(self.find(self.author, MAIL), "Omer Lavigueur")
        self.give(self.reader, "lavigueur@example.org")
        self.assertNotContains(self.find(self.author, MAIL), "Omer Lavigueur")
        self.assertContains(self.find(self.author, "lavigueur@example.org"), "Omer Lavigueur")
        self.give(self.reader, "")
        person = Person.objects.get(tenant=ELAN, subject=self.reader.user)
        assert (person.email, person.email_index) == (None, None)

    def test_one_organisation_does_not_find_the_people_of_the_other(self) -> None:
        self.give(self.reader, MAIL)
        page = self.find(self.stranger, MAIL)
        self.assertContains(page, "Personne n’a donné cette adresse.")
        self.assertNotContains(page, "Omer")
        self.give(self.stranger, MAIL)
        self.assertContains(self.find(self.stranger, MAIL), "Idriss Ouellon")
        self.assertNotContains(self.find(self.author, MAIL), "Idriss")
        assert {person.tenant for person in Person.objects.exclude(email_index=None)} == {ELAN, RAPIDES}

    def test_only_authors_look_for_people_and_only_by_a_whole_address(self) -> None:
        self.give(self.reader, MAIL)
        assert self.find(self.reader, MAIL).status_code == 403
        assert self.nobody.get("/coordonnees/").status_code == 401
        for part in ("omer", "@example.org", ""):
            self.assertNotContains(self.find(self.author, part), "Omer")

    def test_what_is_no_address_is_said(self) -> None:
        answer = self.give(self.reader, "omer chez exemple")
        self.assertContains(answer, "Écrivez une adresse entière", status_code=422)
        self.assertContains(answer, 'value="omer chez exemple"', status_code=422)
