"""What a spreadsheet would run as a formula is text in our files (CSV injection)."""

import pytest

from garant.web.sheet import cell


@pytest.mark.parametrize("value", ["=1+1", "+33", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", '=HYPERLINK("https://evil.example")'])
def test_a_formula_gets_an_apostrophe(value: str) -> None:
    assert cell(value) == f"'{value}"


@pytest.mark.parametrize(("value", "expected"), [("GET", "GET"), (-3, "-3"), (200, "200"), ("/a=b", "/a=b"), ("", ""), ("a-b", "a-b")])
def test_the_rest_is_left_alone(value: object, expected: str) -> None:
    assert cell(value) == expected
