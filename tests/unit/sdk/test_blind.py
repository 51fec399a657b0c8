"""A blind index finds equal values of one column of one organisation, and refuses columns that it would give away."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garant.kernel.errors import ConfigurationError, InputError
from garant.sdk.blind import BlindIndex, column_key, length_of
from garant.sdk.envelope import SealError

KEY = bytes(range(32))
SAINT_ELAN = uuid.UUID("00000000-0000-4000-8000-0000000000a1")
TROIS_RAPIDES = uuid.UUID("00000000-0000-4000-8000-0000000000b2")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_equal_values_have_equal_indexes_of_eight_bytes(value: str) -> None:
    index = BlindIndex(KEY, SAINT_ELAN, "person.email")
    assert index(value) == index(value)
    assert len(index(value)) == 8


@pytest.mark.parametrize("same", ["élodie@example.org", "ÉLODIE@EXAMPLE.ORG", "E\u0301lodie@Example.org", "ｅ\u0301lodie@example.org"])
def test_case_and_the_ways_of_writing_a_letter_do_not_matter(same: str) -> None:
    index = BlindIndex(KEY, SAINT_ELAN, "person.email")
    assert index(same) == index("Élodie@example.org")
    assert index(same) != index("elodie@example.org")


def test_the_same_value_differs_between_organisations_columns_and_keys() -> None:
    made = {
        BlindIndex(key, tenant, column)("élodie@example.org")
        for key in (KEY, bytes(32))
        for tenant in (SAINT_ELAN, TROIS_RAPIDES)
        for column in ("person.email", "invitation.email")
    }
    assert len(made) == 8


@pytest.mark.parametrize("values", [True, False, 0, 2, 999])
def test_a_column_with_few_values_is_refused(values: int) -> None:
    with pytest.raises(ConfigurationError, match=r"person\.sex: a blind index over"):
        BlindIndex(KEY, SAINT_ELAN, "person.sex", values=values)


def test_a_column_with_some_values_has_a_short_index() -> None:
    assert length_of("person.postal_code", values=850_000) == 3
    assert length_of("person.postal_code", values=850_000, length=4) == 4
    assert length_of("person.email") == length_of("person.email", values=1_000_000) == 8
    with pytest.raises(ConfigurationError, match="1 to 4"):
        length_of("person.postal_code", values=850_000, length=8)
    for length in (0, 33):
        with pytest.raises(ConfigurationError, match="1 to 32"):
            length_of("person.email", length=length)


@pytest.mark.parametrize("value", [True, 1, None, b"bytes", 1.5])
def test_only_text_is_indexed(value: object) -> None:
    with pytest.raises(InputError, match=type(value).__name__):
        BlindIndex(KEY, SAINT_ELAN, "person.email")(value)  # type: ignore[arg-type]


def test_half_a_character_is_said() -> None:
    with pytest.raises(InputError, match="surrogate"):
        BlindIndex(KEY, SAINT_ELAN, "person.email")("\ud800")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(SealError, match="32 bytes, not 8"):
        column_key(bytes(8), SAINT_ELAN, "person.email")
