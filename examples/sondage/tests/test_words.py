"""Every word in both languages, every key that a page asks for, and the language that a visitor gets."""

import re
from pathlib import Path
from string import Formatter

from django.test import SimpleTestCase
from django.utils import translation
from sondage.surveys import words

from tests.base import ELAN, TwoOrganisations, Visitor

HERE = Path(words.__file__).parent


class Words(SimpleTestCase):
    def test_both_languages_say_the_same_things(self) -> None:
        for key, (french, english) in words.WORDS.items():
            assert french.strip(), key
            assert english.strip(), key
            fields = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (french, english)]
            assert fields[0] == fields[1], key

    def test_every_key_that_a_template_or_a_view_asks_for_exists(self) -> None:
        asked = set()
        for path in [*HERE.rglob("*.html"), *HERE.rglob("*.py")]:
            asked |= set(re.findall(r'(?:{% t |say\(|say_later\(|label=|help=)"(\w+)"', path.read_text(encoding="utf-8")))
        assert len(asked) > 60
        assert asked - set(words.WORDS) - {"key"} == set()  # "key" stands in docstrings

    def test_french_spacing(self) -> None:
        for key, (french, _) in words.WORDS.items():
            assert re.search(r"\w:| [;!?]", french) is None, key
        with translation.override("fr-ca"):
            assert words.say("delete_mismatch", code="x") == "Ce n’est pas le code du sondage. Écrivez x."
            assert words.say("delete_confirm", code="x") == "Pour confirmer, écrivez le code du sondage\xa0: x"

    def test_numbers(self) -> None:
        with translation.override("fr-ca"):
            assert (words.how_many(0), words.how_many(1), words.how_many(1204)) == ("0\xa0réponse", "1\xa0réponse", "1\xa0204\xa0réponses")
            assert (words.decimal(3.75), words.percent(1, 3), words.percent(0, 0)) == ("3,8", "33\xa0%", "0\xa0%")
        with translation.override("en-ca"):
            assert (words.how_many(0), words.how_many(1204), words.percent(1, 3)) == ("0\xa0responses", "1,204\xa0responses", "33%")


class Languages(TwoOrganisations):
    def language(self, visitor: Visitor, address: str = "/s/parc/", **headers: str) -> str:
        return visitor.get(address, **headers)["Content-Language"]

    def test_choice_then_person_then_browser_then_french(self) -> None:
        english = Visitor(self.edge, ELAN, "member", name="Lee", lang="en-ca")
        assert self.language(self.nobody) == "fr-CA"
        assert self.language(self.nobody, HTTP_ACCEPT_LANGUAGE="de, en;q=0.5") == "en-CA"
        assert self.language(english, HTTP_ACCEPT_LANGUAGE="fr") == "en-CA"
        assert self.language(english, "/s/parc/?langue=fr") == "fr-CA"
        assert self.language(english) == "fr-CA"  # remembered
        assert self.language(self.author, "/s/parc/?langue=xx") == "fr-CA"
