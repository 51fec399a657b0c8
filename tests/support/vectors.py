"""Writes docs/vectors/*.json: `python tests/support/vectors.py`. A test compares the committed files with what it gives.

Everything random is a hash of a label here, so that a second run gives the same bytes; never do that with real keys.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from support import formats  # noqa: E402 - the path above

DIRECTORY = Path(__file__).resolve().parents[2] / "docs" / "vectors"
SAINT_ELAN = "00000000-0000-4000-8000-0000000000a1"
TROIS_RAPIDES = "00000000-0000-4000-8000-0000000000b2"
KEY_ID = "6b1f2a53-9d0e-4c4f-8a27-0d6d3f2b9c10"
SHOWN = 1_100
"""Bytes up to which a value stands in the file whole; a longer one as its SHA-256."""


def fixed(label: str, count: int) -> bytes:
    return hashlib.shake_256(f"garant/vectors/{label}".encode()).digest(count)


def pattern(length: int) -> bytes:
    """Byte i is (7 i + i // 251) mod 256."""
    return bytes((7 * at + at // 251) & 255 for at in range(length))


def place(**changed: str) -> dict[str, str]:
    return {"region": "ca-central", "tenant": SAINT_ELAN, "table": "person", "column": "email", "row": "42", **changed}


PLACES = [
    place(),
    place(tenant=TROIS_RAPIDES),
    place(region="", table="", column="", row=""),
    place(table="réponse", column="texte", row="é" * 200),
]


def envelopes() -> list[dict[str, Any]]:
    made = []
    for algorithm, count in ((1, 12), (2, 24)):
        for number, where in enumerate(PLACES):
            for text in (b"", "Élodie Tremblay <elodie@example.org>".encode(), pattern(300)):
                key, fresh = fixed(f"key {number}", 32), fixed(f"fresh {algorithm} {number} {len(text)}", count)
                sealed = formats.envelope_seal(algorithm, key, KEY_ID, fresh, where, text)
                made.append(
                    {
                        "algorithm": algorithm,
                        "key": key.hex(),
                        "key_id": KEY_ID,
                        ("nonce" if algorithm == 1 else "salt"): fresh.hex(),
                        "place": where,
                        "plaintext": text.hex(),
                        "envelope": sealed.hex(),
                    }
                )
    return made


def refused_envelopes() -> list[dict[str, Any]]:
    key = fixed("key 0", 32)
    made = []
    for algorithm, count in ((1, 12), (2, 24)):
        sealed = formats.envelope_seal(algorithm, key, KEY_ID, fixed(f"refused {algorithm}", count), place(), b"secret")
        flipped = bytearray(sealed)
        flipped[-1] ^= 1
        for why, changed in (
            ("another tenant", {"place": place(tenant=TROIS_RAPIDES)}),
            ("another row", {"place": place(row="43")}),
            ("letters moved between table and column", {"place": place(table="perso", column="nemail")}),
            ("one bit of the tag", {"envelope": flipped.hex()}),
            ("cut", {"envelope": sealed[:-1].hex()}),
            ("another key", {"key": fixed("key 1", 32).hex()}),
            ("unknown algorithm", {"envelope": (b"\x01\x04" + sealed[2:]).hex()}),
            ("unknown format", {"envelope": (b"\x02" + sealed[1:]).hex()}),
        ):
            given = {"algorithm": algorithm, "key": key.hex(), "place": place(), "envelope": sealed.hex(), **changed}
            made.append({"why": why, **given})
    return made


def _whole(name: str, value: bytes) -> dict[str, str]:
    return {name: value.hex()} if len(value) <= SHOWN else {f"{name}_sha256": hashlib.sha256(value).hexdigest()}


def streams() -> list[dict[str, Any]]:
    made = []
    for length in (0, 1, 1_024, 16_383, 16_384, 16_385, 20_480, 32_768, 270_000):
        for where in (
            place(table="backup", column="object", row=f"2026-11/{length}"),
            place(tenant=TROIS_RAPIDES, table="file", column="body"),
        ):
            key, salt = fixed(f"stream key {length}", 32), fixed(f"stream salt {length} {where['tenant']}", 24)
            sealed = formats.stream_seal(key, KEY_ID, salt, where, pattern(length))
            made.append(
                {
                    "key": key.hex(),
                    "key_id": KEY_ID,
                    "salt": salt.hex(),
                    "place": where,
                    "plaintext_length": length,
                    "sealed_length": len(sealed),
                    "head": sealed[:74].hex(),
                    "tail": sealed[-16:].hex(),
                    **_whole("sealed", sealed),
                }
            )
    return made


def cobblestones() -> list[dict[str, Any]]:
    made = []
    for length, context in ((0, b""), (1_024, b""), (16_384, b"attachment"), (20_480, b"attachment")):
        key, salt = fixed(f"plain key {length}", 32), fixed(f"plain salt {length}", 24)
        message = formats.cobblestone_seal(key, salt, context, pattern(length))
        made.append(
            {
                "key": key.hex(),
                "salt": salt.hex(),
                "context": context.hex(),
                "plaintext_length": length,
                "commitment": message[24:56].hex(),
                **_whole("message", message),
            }
        )
    return made


def indexes() -> list[dict[str, Any]]:
    made = []
    key = fixed("index key", 32)
    for tenant in (SAINT_ELAN, TROIS_RAPIDES):
        for column, length in (("person.email", 8), ("person.postal_code", 3)):
            for value in ("", "Élodie@Example.org", "E\u0301LODIE@EXAMPLE.ORG", "élodie@example.org", "straße", "ﬁn", "日本"):
                index = formats.blind_index(key, tenant, column, length, value)
                made.append({"key": key.hex(), "tenant": tenant, "column": column, "length": length, "value": value, "index": index.hex()})
    return made


def documents() -> dict[str, str]:
    """Text of each file, by name."""
    made = {
        "envelope.json": {"format": "Garant G1 envelope", "opens": envelopes(), "refused": refused_envelopes()},
        "stream.json": {
            "format": "Garant sealed file (algorithm 3) and C2SP Cobblestone-256",
            "plaintext": "byte i is (7 * i + i // 251) mod 256",
            "sealed_files": streams(),
            "cobblestone_256": cobblestones(),
        },
        "blind.json": {"format": "Garant blind index", "indexes": indexes()},
    }
    return {name: json.dumps(content, indent=1, ensure_ascii=True) + "\n" for name, content in made.items()}


if __name__ == "__main__":
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (DIRECTORY / name).write_text(text, encoding="ascii")
