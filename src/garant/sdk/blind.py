"""Blind indexes: finding a sealed value by equality, without telling it to the database.

    HMAC-SHA256(K[tenant, column], casefold(NFKC(value))), cut to 8 bytes

1. One key for each tenant and column (HKDF-SHA256 from the tenant's index key): the same value has another index in another organisation,
   and in another column.
2. An index leaks which rows are equal and how often. A column with few possible values would be read from that alone: the number of
   possible values is declared, and fewer than 1,000 are refused. A boolean never has one.
3. Below 1,000,000 possible values the index is cut to 3 bytes, so that some values share one: decrypt and compare what is found.
4. Equality only; no prefix, no range.
5. Erasing a row sets its index to NULL. In older backups it stays a pseudonym until the tenant's index key is destroyed.

    index = BlindIndex(index_key, tenant, "person.email")
    index("Élodie@Example.org")        # 8 bytes, beside the sealed column
"""

import hmac
import unicodedata
import uuid

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from garant.kernel.errors import ConfigurationError, InputError
from garant.sdk.envelope import KEY_BYTES, SealError

DEFAULT_BYTES = 8
SMALLEST_DOMAIN = 1_000
SMALL_DOMAIN = 1_000_000
SMALL_BYTES = 3
MOST_BYTES = 32


class BlindIndex:
    """The indexes of one column of one tenant. Safe to share between threads.

    `key`: the tenant's index key, 32 bytes. `column`: its name, by convention `table.column`. `values`: how many different values are
    possible, None for more than a million. `length`: bytes of an index, None for what rule 3 says. Raises ConfigurationError.
    """

    def __init__(self, key: bytes, tenant: uuid.UUID, column: str, *, values: int | None = None, length: int | None = None) -> None:
        self.length = length_of(column, values=values, length=length)
        self._key = column_key(key, tenant, column)

    def __call__(self, value: str) -> bytes:
        """The index of `value`. Raises InputError for what is no text."""
        return hmac.digest(self._key, normalised(value), "sha256")[: self.length]


def length_of(column: str, *, values: int | None = None, length: int | None = None) -> int:
    """How many bytes the indexes of a column have. Raises ConfigurationError when it must not have any."""
    if isinstance(values, bool) or (values is not None and values < SMALLEST_DOMAIN):
        raise ConfigurationError(
            f"{column}: a blind index over {values} possible values tells them by their frequency; "
            f"index a column with {SMALLEST_DOMAIN} or more, or search this one after decryption"
        )
    small = values is not None and values < SMALL_DOMAIN
    chosen = (SMALL_BYTES if small else DEFAULT_BYTES) if length is None else length
    if not 1 <= chosen <= MOST_BYTES or (small and chosen > 4):
        raise ConfigurationError(f"{column}: a blind index of {chosen} bytes; write {'1 to 4' if small else f'1 to {MOST_BYTES}'}")
    return chosen


def column_key(key: bytes, tenant: uuid.UUID, column: str) -> bytes:
    """K[tenant, column]: HKDF-SHA256 without salt; the info is `garant/1/index`, tenant and column, each preceded by its length."""
    if len(key) != KEY_BYTES:
        raise SealError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
    parts = (b"garant/1/index", tenant.bytes, column.encode())
    info = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(key)


def normalised(value: str) -> bytes:
    """What is compared: NFKC, then case folding, as UTF-8. Raises InputError for what is no text."""
    if not isinstance(value, str):
        raise InputError(f"a blind index is made of text, not of {type(value).__name__}: {_ADVICE}")
    try:
        return unicodedata.normalize("NFKC", value).casefold().encode()
    except UnicodeEncodeError as error:
        raise InputError("the text holds half a character (a lone surrogate); write it in valid Unicode") from error


_ADVICE = "write numbers and dates as text, in one form, and index no booleans"
