"""One byte string per value, so that two readers compute the same digest.

JSON with sorted keys, no spaces, UTF-8, integers and strings and booleans and null only inside; a float is refused, because its
shortest form is not the same everywhere (the part of RFC 8785 that we need, without its number rules).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from garant.kernel.clock import aware

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]


def canonical(value: object) -> bytes:
    """The canonical form of `value`. Raises TypeError for a float or anything that JSON does not know."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: object) -> str:
    """SHA-256 of the canonical form, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def moment(value: datetime) -> str:
    """RFC 3339 in UTC with microseconds and Z: `2026-11-20T19:05:00.000000Z`."""
    return aware(value).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("keys of a canonical object are strings")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form; use int, str, bool, None, list or dict")
