"""One-time codes: the vectors of the standard, and no code twice whatever the clock does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garant.access.policy import totp

SECRET = b"12345678901234567890"
START = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_vectors_of_rfc_6238_hold(seconds: int, code: str) -> None:
    """Appendix B, SHA-1, its last six digits (ASO-19)."""
    moment = datetime.fromtimestamp(seconds, UTC)
    assert totp.code(SECRET, totp.step_of(moment)) == code
    assert totp.matching_step(SECRET, code, moment, None) == seconds // 30


@pytest.mark.parametrize(
    ("counter", "code"),
    list(enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])),
)
def test_the_vectors_of_rfc_4226_hold(counter: int, code: str) -> None:
    assert totp.code(SECRET, counter) == code


@pytest.mark.parametrize("typed", ["287 082", "287-082", " 287082\n", "287\u00a0082", "287\u202f082"])
def test_spaces_that_people_paste_do_not_matter(typed: str) -> None:
    assert totp.matching_step(SECRET, typed, datetime.fromtimestamp(59, UTC), None) == 1


@pytest.mark.parametrize("typed", ["", "28708", "2870822", "٢٨٧٠٨٢", "abcdef", "\x00"])
def test_what_is_not_the_code_is_refused(typed: str) -> None:
    assert totp.matching_step(SECRET, typed, datetime.fromtimestamp(59, UTC), None) is None


@pytest.mark.parametrize(("drift", "accepted"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)])
def test_a_telephone_may_drift_by_one_step(drift: int, accepted: bool) -> None:
    shown = totp.code(SECRET, totp.step_of(START + timedelta(seconds=drift)))
    assert (totp.matching_step(SECRET, shown, START, None) is not None) is accepted


@given(st.lists(st.tuples(st.integers(min_value=-90, max_value=90), st.integers(min_value=-3, max_value=3)), min_size=1, max_size=40))
def test_no_code_passes_twice_whatever_the_clock_does(moves: list[tuple[int, int]]) -> None:
    """Trap 4: with tolerance 1 the library alone accepts one code at 0, 31 and 62 s."""
    now, last, passed = START, None, []
    for seconds, offset in moves:
        now += timedelta(seconds=seconds)
        step = totp.step_of(now) + offset
        accepted = totp.matching_step(SECRET, totp.code(SECRET, step), now, last)
        if accepted is not None:
            assert last is None or accepted > last
            passed.append(accepted)
            last = accepted
    assert len(passed) == len(set(passed))


def test_one_code_at_0_31_and_62_seconds_passes_once() -> None:
    code, last, passed = totp.code(SECRET, totp.step_of(START)), None, 0
    for seconds in (0, 31, 62):
        step = totp.matching_step(SECRET, code, START + timedelta(seconds=seconds), last)
        if step is not None:
            last, passed = step, passed + 1
    assert passed == 1
