"""The catalogues are whole: every message of the code in French and English, same placeholders, right spaces, right words."""

import re
from pathlib import Path

import polib
import pytest
from django.utils import translation
from django.utils.translation import gettext

import garant
from garant.kernel.text import NBSP
from support.messages import extracted

ROOT = Path(garant.__file__).parent
LOCALE = ROOT / "locale"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")

# Words of the glossary that the interface does not use (French of Québec), as whole words.
FORBIDDEN = [
    "cryptage", "crypté", "MFA", "2FA", "SSO", "passkey", "phishing", "cloud", "mail", "e-mail", "email", "cookie", "log", "logs", "backup",
    "ransomware", "DPO", "downtime", "on-call", "SLA", "login", "password", "patch",
]  # fmt: skip


def entries(language: str) -> list[polib.POEntry]:
    return list(polib.pofile(str(LOCALE / language / "LC_MESSAGES" / "django.po")))


def texts(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def key(entry: polib.POEntry) -> tuple[str | None, str]:
    return entry.msgctxt, entry.msgid


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_message_is_translated_and_none_is_fuzzy(language: str) -> None:
    assert [key(entry) for entry in entries(language) if entry.fuzzy or not all(texts(entry))] == []


def test_both_languages_hold_the_same_messages() -> None:
    assert {key(entry) for entry in entries("fr")} == {key(entry) for entry in entries("en")}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_placeholders_are_those_of_the_message(language: str) -> None:
    """A plural may leave the number out in its singular (`Une session`)."""
    for entry in entries(language):
        allowed = set(PLACEHOLDER.findall(entry.msgid)) | set(PLACEHOLDER.findall(entry.msgid_plural or ""))
        for text in texts(entry):
            found = set(PLACEHOLDER.findall(text))
            assert found <= allowed, entry.msgid
            if not entry.msgid_plural:
                assert found == allowed, entry.msgid


def test_french_spaces_do_not_break_and_quebec_puts_none_before_a_question_mark() -> None:
    for entry in entries("fr"):
        for text in texts(entry):
            assert not re.search(rf"[^{NBSP}\s\d/:h]:(?=\s|$)| :|« | »", text), text
            assert not re.search(r"[\s ][;!?]", text), text
            assert "'" not in text, text


def test_the_glossary_is_kept() -> None:
    forbidden = re.compile(rf"(?<![\w-])(?:{'|'.join(FORBIDDEN)})(?![\w-])", re.IGNORECASE)
    assert [text for entry in entries("fr") for text in texts(entry) if forbidden.search(text)] == []


def test_every_message_of_the_code_is_in_the_catalogues() -> None:
    asked = extracted(ROOT)
    known = {(entry.msgctxt or "", entry.msgid) for entry in entries("fr")}
    assert len(asked) > 200
    assert asked - known == set()


def test_france_overrides_known_messages_only_and_spaces_its_marks() -> None:
    known = {key(entry): set(texts(entry)) for entry in entries("fr")}
    overrides = entries("fr_FR")
    assert overrides
    for entry in overrides:
        assert key(entry) in known
        assert set(texts(entry)) != known[key(entry)], "an override that changes nothing"
        for text in texts(entry):
            assert not re.search(rf"[^{NBSP}][;!?]", text), text
    with translation.override("fr-fr"):
        assert gettext("User name") == "Identifiant"
        assert gettext("Password") == "Mot de passe"
