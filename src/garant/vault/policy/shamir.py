"""Shamir's secret sharing over GF(256): `k` of `n` shares give the secret back, fewer tell nothing.

Small and written here, because no library that is kept does it for 32 bytes without a large dependency (see ADR 0015). Each byte of the
secret is the constant term of its own polynomial of degree k-1; a share is its number and one value per byte. The field is that of AES
(x^8 + x^4 + x^3 + x + 1, generator 3), as in the common tools. Random coefficients are an argument.

Arithmetic is by tables and is not constant-time: it runs on the operator's own machine, twice in the life of a key.
"""

from collections.abc import Iterable, Mapping, Sequence

from garant.kernel.errors import InputError

LARGEST = 255


def _tables() -> tuple[bytes, bytes]:
    powers, logs, value = bytearray(255), bytearray(256), 1
    for exponent in range(255):
        powers[exponent], logs[value] = value, exponent
        doubled = value << 1
        value ^= doubled ^ (0x11B if doubled & 0x100 else 0)
    return bytes(powers), bytes(logs)


POWERS, LOGS = _tables()


def times(a: int, b: int) -> int:
    """The product in GF(256)."""
    return POWERS[(LOGS[a] + LOGS[b]) % 255] if a and b else 0


def over(a: int, b: int) -> int:
    """The quotient in GF(256); `b` is not 0."""
    return POWERS[(LOGS[a] - LOGS[b]) % 255] if a else 0


def split(secret: bytes, *, k: int, n: int, coefficients: bytes) -> Mapping[int, bytes]:
    """Shares by number, from 1. `coefficients`: (k-1) times the length of the secret in fresh random bytes."""
    if not 1 <= k <= n <= LARGEST:
        raise InputError(f"{k} of {n} shares cannot be made: write 1 to {LARGEST} shares, and a threshold of at most as many")
    if len(coefficients) != (k - 1) * len(secret):
        raise ValueError("as many random bytes are needed as the secret has, for every share below the threshold")
    rows = [secret, *(coefficients[at * len(secret) : (at + 1) * len(secret)] for at in range(k - 1))]
    return {number: bytes(_value([row[place] for row in rows], number) for place in range(len(secret))) for number in range(1, n + 1)}


def join(shares: Mapping[int, bytes]) -> bytes:
    """The secret from at least `k` shares. Too few, or a wrong one, give bytes that are not the secret: compare its check value."""
    if not shares or len({len(share) for share in shares.values()}) != 1 or not all(1 <= number <= LARGEST for number in shares):
        raise InputError("these are not shares of one secret: their lengths or numbers differ")
    weights = {number: _weight(number, [other for other in shares if other != number]) for number in shares}
    length = len(next(iter(shares.values())))
    return bytes(_sum(times(weights[number], share[place]) for number, share in shares.items()) for place in range(length))


def _value(polynomial: Sequence[int], x: int) -> int:
    value = 0
    for term in reversed(polynomial):
        value = times(value, x) ^ term
    return value


def _weight(number: int, others: Sequence[int]) -> int:
    """Lagrange's coefficient at 0."""
    weight = 1
    for other in others:
        weight = times(weight, over(other, number ^ other))
    return weight


def _sum(terms: Iterable[int]) -> int:
    total = 0
    for term in terms:
        total ^= term
    return total
