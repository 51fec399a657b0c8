"""Names, slugs and roles: what is taken, what is refused, and what the refusal says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garant.identity.policy import checked_login, checked_role, checked_slug, folded
from garant.kernel.errors import InputError


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(name: str) -> None:
    assert folded(folded(name)) == folded(name)


@pytest.mark.parametrize(("typed", "other"), [("Élodie", "élodie"), (" juliane ", "JULIANE"), ("straße", "STRASSE"), ("ﬁn", "FIN")])
def test_names_that_differ_only_by_case_or_form_are_one_name(typed: str, other: str) -> None:
    assert folded(typed) == folded(other)


@pytest.mark.parametrize("slug", ["", "-a", "a-", "A", "é", "a_b", "a.b", "1a", "a" * 43, "www", "garant", "a\n"])
def test_a_slug_that_cannot_be_a_host_label_is_refused(slug: str) -> None:
    with pytest.raises(InputError, match=r"tenant name"):
        checked_slug(slug)


@pytest.mark.parametrize("slug", ["a", "saint-elan", "mrc2", "a" * 42])
def test_a_host_label_is_taken_as_a_slug(slug: str) -> None:
    assert checked_slug(slug) == slug


@pytest.mark.parametrize("login", ["", "   ", "a" * 151, "a\x00b", "a\u202eb", "a\nb"])
def test_a_login_with_nothing_or_control_characters_is_refused(login: str) -> None:
    with pytest.raises(InputError, match="login name"):
        checked_login(login)


@pytest.mark.parametrize("role", ["", "Admin", "a b", "a,b", "a|b", "é", "_a", "a" * 32])
def test_a_role_that_could_not_travel_in_a_header_is_refused(role: str) -> None:
    with pytest.raises(InputError, match="role"):
        checked_role(role)
