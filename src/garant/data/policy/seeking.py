"""Looking for words where they may not be: in files, in a dump, in whatever streams by. Pure.

A word is looked for as it is, in UTF-16, in hexadecimal (as a dump writes bytes) and in base64 at each of its three alignments.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

WORD = re.compile(r"temoin[0-9a-f]{24}")
"""What may be looked for at all: words that measures made. A privileged reader refuses any other."""


def forms(word: str) -> Mapping[bytes, str]:
    """Each form of a word, with its name."""
    raw = word.encode()
    found = {
        raw: "as it is",
        word.encode("utf-16-le"): "utf-16",
        raw.hex().encode(): "hexadecimal",
        raw.hex().upper().encode(): "hexadecimal",
    }
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        # The first characters depend on what stands before, the last on what comes after.
        found[coded[(shift * 8 + 5) // 6 : (shift + len(raw)) * 8 // 6]] = "base64"
    return found


def sought(words: Sequence[str], parts: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """The words that a stream holds, each once: its number and the form in which it was found first. Across two parts of it, too."""
    left = {number: forms(word) for number, word in enumerate(words)}
    longest = max((len(form) for each in left.values() for form in each), default=1)
    held = b""
    for part in parts:
        held += part
        for number, each in list(left.items()):
            found = next((name for form, name in each.items() if form in held), None)
            if found is not None:
                yield number, found
                del left[number]
        if not left:
            return
        held = held[-(longest - 1) :]
