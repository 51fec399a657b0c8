"""Facts laid out for reading."""

import pytest

from garant.statement.queries.facts import laid_out, words_of
from garant.statement.queries.views import FactTable


def test_plain_facts_lists_and_tables():
    scalars, tables = laid_out({"b": 2, "a": {"y": [1, "x"], "x": None}, "rows": [{"host": "h", "ok": True}, {"host": "g"}], "none": []})
    assert scalars == [("a.x", "–"), ("a.y", "1, x"), ("b", "2"), ("none", "–")]
    assert tables == [FactTable("rows", ["host", "ok"], [["h", "true"], ["g", "–"]])]


@pytest.mark.parametrize(("value", "words"), [(True, "true"), (0, "0"), ("", ""), ({}, "–"), ({"a": 1}, "a = 1")])
def test_words_of_a_value(value, words):
    assert words_of(value) == words
