"""Two languages or nothing."""

import pytest

from garant.kernel.text import Text, count, ratio, same


@pytest.mark.parametrize(("fr", "en"), [("", "yes"), ("oui", " "), ("", "")])
def test_a_text_needs_both_languages(fr, en):
    with pytest.raises(ValueError, match="both languages"):
        Text(fr, en)


def test_numbers_are_grouped_as_each_language_does():
    assert count(2160) == Text("2\N{NO-BREAK SPACE}160", "2,160")
    assert ratio(9, 1200).fr == "9 sur 1\N{NO-BREAK SPACE}200"
    assert same(7).in_("en-ca") == same(7).in_("fr-fr") == "7"


def test_anything_but_english_is_served_in_french():
    text = Text("oui", "yes")
    assert [text.in_(code) for code in ("fr-ca", "en", "EN-us", "de")] == ["oui", "yes", "yes", "oui"]
