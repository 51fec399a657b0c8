"""Shares of a secret: enough give it back, fewer tell nothing, and the field is the one that everybody uses."""

import itertools
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garant.kernel.errors import InputError
from garant.vault.policy import shamir


def slow_product(a: int, b: int) -> int:
    """By the definition: multiply polynomials, reduce by x^8 + x^4 + x^3 + x + 1."""
    product = 0
    for bit in range(8):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(14, 7, -1):
        if product >> bit & 1:
            product ^= 0x11B << (bit - 8)
    return product


def test_the_field_is_that_of_aes() -> None:
    # FIPS 197, section 4.2: {57} x {83} = {c1}, {57} x {13} = {fe}; the inverse of {53} is {ca}.
    assert shamir.times(0x57, 0x83) == 0xC1
    assert shamir.times(0x57, 0x13) == 0xFE
    assert shamir.over(1, 0x53) == 0xCA


def test_every_product_and_quotient_agrees_with_the_definition() -> None:
    for a, b in itertools.product(range(256), repeat=2):
        assert shamir.times(a, b) == slow_product(a, b)
        if b:
            assert shamir.times(shamir.over(a, b), b) == a


def test_a_fixed_vector() -> None:
    # By hand: secret 42, coefficient 05, share x = 42 xor 5*x.
    assert shamir.split(b"\x42", k=2, n=3, coefficients=b"\x05") == {1: b"\x47", 2: b"\x48", 3: b"\x4d"}
    assert shamir.join({1: b"\x47", 3: b"\x4d"}) == b"\x42"


@given(st.binary(min_size=1, max_size=40), st.integers(1, 6), st.integers(0, 4), st.randoms())
def test_any_k_of_n_give_the_secret_back_and_fewer_do_not(secret: bytes, k: int, more: int, random: object) -> None:
    n = k + more
    shares = shamir.split(secret, k=k, n=n, coefficients=os.urandom((k - 1) * len(secret)))
    numbers = list(shares)
    random.shuffle(numbers)  # type: ignore[attr-defined]
    assert shamir.join({number: shares[number] for number in numbers[:k]}) == secret
    assert shamir.join(shares) == secret
    assert all(len(share) == len(secret) for share in shares.values())


def test_one_share_too_few_fits_every_secret_equally() -> None:
    """For every value of the secret there is exactly one polynomial through the same share: the share tells nothing."""
    for secret in range(256):
        fitting = [c for c in range(256) if shamir.split(bytes([secret]), k=2, n=1 + 1, coefficients=bytes([c]))[1] == b"\x99"]
        assert len(fitting) == 1


@pytest.mark.parametrize(("k", "n"), [(0, 3), (4, 3), (2, 256)])
def test_impossible_numbers_are_refused(k: int, n: int) -> None:
    with pytest.raises(InputError, match="shares"):
        shamir.split(b"x", k=k, n=n, coefficients=b"")


def test_shares_of_different_secrets_are_refused_by_their_form() -> None:
    for bad in ({}, {1: b"a", 2: b"ab"}, {0: b"a", 1: b"b"}, {1: b"a", 256: b"b"}):
        with pytest.raises(InputError, match="one secret"):
            shamir.join(bad)
    with pytest.raises(ValueError, match="random bytes"):
        shamir.split(b"abc", k=2, n=3, coefficients=b"ab")
