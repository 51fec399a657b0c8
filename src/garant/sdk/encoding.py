"""Base64url and JSON, read strictly: one text for one value, so that nothing is accepted twice under two forms.

- base64url without padding (RFC 7515, appendix C); a text that does not re-encode to itself is refused
- JSON objects only, no key twice (RFC 7515, section 4), no NaN, no lone surrogate, no control character
"""

import base64
import binascii
import json
import re

BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def decode(text: str) -> bytes:
    """The bytes of a base64url text. Raises ValueError for any text that is not the one canonical form."""
    if not BASE64URL.fullmatch(text):
        raise ValueError("not base64url")
    try:
        value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if encode(value) != text:
        raise ValueError("not the canonical base64url form")
    return value


def encode(value: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def read_object(data: bytes) -> dict[str, object]:
    """The JSON object in `data`. Raises ValueError for anything else, and for a key that occurs twice."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def plain(text: object, *, longest: int) -> str:
    """`text` if it is a string of 1 to `longest` characters that any database and any header can hold; else ValueError."""
    if not isinstance(text, str) or not 0 < len(text) <= longest:
        raise ValueError(f"not a text of 1 to {longest} characters")
    if any(ord(character) < 32 or 127 <= ord(character) < 160 or 0xD800 <= ord(character) < 0xE000 for character in text):
        raise ValueError("holds a control character")
    return text


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key occurs twice")
    return made


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
