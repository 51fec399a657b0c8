"""A word is found in each form, across two parts of a stream; nothing but a measure's own word may be looked for."""

import base64
import os

import pytest

from garant.data.policy.seeking import forms, sought
from garant.data.service.seeking import read_request
from garant.kernel.errors import InputError

WORD = "temoin" + "0123456789abcdef" * 1 + "01234567"
OTHER = "temoin" + "f" * 24


def found(*parts: bytes) -> list[tuple[int, str]]:
    return list(sought([WORD, OTHER], parts))


@pytest.mark.parametrize(
    ("stored", "form"),
    [
        (WORD.encode(), "as it is"),
        (WORD.encode("utf-16-le"), "utf-16"),
        (WORD.encode().hex().encode(), "hexadecimal"),
        (WORD.encode().hex().upper().encode(), "hexadecimal"),
        *((base64.b64encode(b"y" * shift + WORD.encode() + b"z" * 5), "base64") for shift in range(6)),
    ],
)
def test_each_form_is_found(stored, form):
    assert found(b"before " + stored + b" after") == [(0, form)]


def test_a_word_cut_by_the_reading_is_found_once():
    text = os.urandom(1000) + WORD.encode() + os.urandom(50) + WORD.encode()
    for cut in range(990, 1040, 3):
        assert found(text[:cut], text[cut:]) == [(0, "as it is")]


def test_both_words_are_found_and_another_is_not():
    assert sorted(found(OTHER.encode(), WORD.encode())) == [(0, "as it is"), (1, "as it is")]
    assert found(b"temoin" + b"e" * 24) == []


def test_base64_forms_do_not_depend_on_neighbours():
    assert len([name for name in forms(WORD).values() if name == "base64"]) == 3


def test_a_request_is_words_of_one_shape_and_names_of_columns():
    asked = read_request({"id": "ab12", "words": [WORD], "columns": [["public", "t", "c", "tenant"]]})
    assert (asked.words, asked.columns) == ((WORD,), (("public", "t", "c", "tenant"),))


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"id": "ab12", "words": []},
        {"id": "ab12", "words": ["password"]},
        {"id": "ab12", "words": [WORD + "%"]},
        {"id": "../x", "words": [WORD]},
        {"id": "ab12", "words": [WORD] * 9},
        {"id": "ab12", "words": [WORD], "columns": [["public", "t"]]},
        {"id": "ab12", "words": [WORD], "columns": "all"},
    ],
)
def test_anything_else_is_refused(wrong):
    with pytest.raises(InputError):
        read_request(wrong)
