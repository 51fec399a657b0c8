"""Facts on proof pages are named in the reader's language; the evidence keeps its keys."""

from garant.web.fact_words import WORDS, fact
from support import gallery


def test_a_fact_has_words_in_both_languages_and_a_nested_one_those_of_its_parts() -> None:
    assert fact("without_list", "fr-ca") == "clients sans liste d’adresses"
    assert fact("without_list", "en-ca") == "customers without an address list"
    assert fact("profile.versions", "en-ca") == "TLS profile, versions"
    assert fact("profile.nobody_named_this", "en-ca") == ""
    assert all(text.fr and text.en for text in WORDS.values())


def test_the_proof_page_shows_words_and_keeps_the_key_of_what_has_none() -> None:
    exhibit = next(each for each in gallery.EXHIBITS if str(each) == "proof-full")
    page = gallery.render(exhibit, "fr")
    assert ">ce qui est regardé</th>" in page
    assert "<code>adresse_d_essai</code></th>" in page
