"""Recognising keys by their value where none may be: in a dump, a table, a log.

Each key is looked for as its bytes, in hexadecimal and in base64 (both alphabets). The work depends on the length of what is read, not
on the number of keys; what is found is named, never shown.
"""

import base64
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

PREFIX = 8


@dataclass(frozen=True)
class Stray:
    """A key found where it may not be. `name`: which one, in words; `form`: bytes, hexadecimal or base64; `offset`: where it begins."""

    name: str
    form: str
    offset: int


def needles(keys: Mapping[str, bytes]) -> Mapping[bytes, tuple[tuple[bytes, str, str], ...]]:
    """What to look for, by its first bytes: the whole, the name of the key and its form."""
    found: dict[bytes, list[tuple[bytes, str, str]]] = {}
    for name, key in keys.items():
        forms = {
            key: "bytes",
            key.hex().encode(): "hexadecimal",
            key.hex().upper().encode(): "hexadecimal",
            base64.b64encode(key).rstrip(b"="): "base64",
            base64.urlsafe_b64encode(key).rstrip(b"="): "base64",
        }
        for whole, form in forms.items():
            found.setdefault(whole[:PREFIX], []).append((whole, name, form))
    return {prefix: tuple(some) for prefix, some in found.items()}


def stray(keys: Mapping[str, bytes], read: Iterable[bytes]) -> Iterator[Stray]:
    """Every place of the stream where one of `keys` stands, also across two of its parts."""
    sought = needles(keys)
    longest = max((len(whole) for some in sought.values() for whole, _, _ in some), default=0)
    held, start = b"", 0
    for part in read:
        held += part
        ready = len(held) - longest + 1
        if ready > 0:
            yield from _within(sought, held, ready, start)
            held, start = held[ready:], start + ready
    yield from _within(sought, held, len(held), start)


def _within(sought: Mapping[bytes, tuple[tuple[bytes, str, str], ...]], held: bytes, ready: int, start: int) -> Iterator[Stray]:
    for offset in [at for at in range(ready) if held[at : at + PREFIX] in sought]:
        for whole, name, form in sought[held[offset : offset + PREFIX]]:
            if hmac.compare_digest(held[offset : offset + len(whole)], whole):
                yield Stray(name, form, start + offset)
