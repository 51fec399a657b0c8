"""One byte string per value."""

from datetime import datetime, timedelta, timezone
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garant.kernel.canonical import canonical, digest, moment
from garant.kernel.promise import Promise

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
SCALARS = st.none() | st.booleans() | st.integers() | TEXTS
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(TEXTS, SCALARS | st.dictionaries(TEXTS, SCALARS, max_size=3), max_size=3)


def shuffled(value, random):
    """The same value with the keys of every object in another order, at each depth."""
    if isinstance(value, dict):
        return {key: shuffled(value[key], random) for key in random.sample(list(value), len(value))}
    return [shuffled(one, random) for one in value] if isinstance(value, list) else value


@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.integers(0, 2**32))
def test_the_order_of_keys_changes_nothing(value, seed):
    assert canonical(shuffled(value, Random(seed))) == canonical(value)


@pytest.mark.parametrize("value", [1.5, {"a": 1.0}, b"bytes", {1: "x"}, {"a": {2}}, object()])
def test_what_has_no_single_form_is_refused(value):
    with pytest.raises(TypeError):
        canonical(value)


def test_a_moment_is_written_in_utc():
    montreal = timezone(timedelta(hours=-5))
    assert moment(datetime(2026, 11, 20, 14, 5, tzinfo=montreal)) == "2026-11-20T19:05:00.000000Z"
    with pytest.raises(ValueError, match="time zone"):
        moment(datetime(2026, 11, 20, 14, 5))  # noqa: DTZ001


def test_the_identity_of_a_promise_is_its_key_and_parameters():
    one, other = Promise("a.b", {"x": 1, "y": "é"}), Promise("a.b", {"y": "é", "x": 1})
    assert one.identity == other.identity
    assert one == other
    assert hash(one) == hash(other)
    assert one.identity != Promise("a.b", {"x": 2, "y": "é"}).identity
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
