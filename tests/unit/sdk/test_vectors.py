"""The published vectors are those of the formats: the SDK opens and makes them, and so does a second implementation made of primitives."""

import hashlib
import io
import json
import os
import uuid
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from garant.sdk import blind, envelope, stream
from garant.sdk.envelope import Place, SealError
from support import formats, vectors


def published(name: str) -> dict[str, Any]:
    return json.loads((vectors.DIRECTORY / name).read_text(encoding="ascii"))


def place_of(given: dict[str, str]) -> Place:
    return Place(**{**given, "tenant": uuid.UUID(given["tenant"])})  # type: ignore[arg-type]


def open_envelope(case: dict[str, Any]) -> bytes:
    key, where, sealed = bytes.fromhex(case["key"]), place_of(case["place"]), bytes.fromhex(case["envelope"])
    if case["algorithm"] == 2:
        return envelope.unseal_committing(key, where, sealed)
    return envelope.unseal(AESGCM(key), where, sealed)


ENVELOPES = published("envelope.json")
STREAMS = published("stream.json")
INDEXES = published("blind.json")["indexes"]


def test_the_files_are_what_the_script_writes() -> None:
    assert {path.name: path.read_text(encoding="ascii") for path in vectors.DIRECTORY.iterdir()} == vectors.documents()


def test_nothing_of_garant_is_in_the_second_implementation() -> None:
    assert "import garant" not in (source := Path(formats.__file__).read_text(encoding="utf-8"))
    assert "from garant" not in source


@pytest.mark.parametrize("case", ENVELOPES["opens"])
def test_an_envelope(case: dict[str, Any]) -> None:
    key, key_id, plaintext = bytes.fromhex(case["key"]), uuid.UUID(case["key_id"]), bytes.fromhex(case["plaintext"])
    where, sealed = place_of(case["place"]), bytes.fromhex(case["envelope"])
    if case["algorithm"] == 1:
        assert envelope.seal(AESGCM(key), key_id, bytes.fromhex(case["nonce"]), where, plaintext) == sealed
        column = envelope.Column(AESGCM(key), key_id, region=where.region, tenant=where.tenant, table=where.table, column=where.column)
        assert column.unseal(where.row, sealed) == plaintext
        fresh = envelope.seal(AESGCM(key), key_id, os.urandom(12), where, plaintext)
    else:
        assert envelope.seal_committing(key, key_id, bytes.fromhex(case["salt"]), where, plaintext) == sealed
        fresh = envelope.seal_committing(key, key_id, os.urandom(24), where, plaintext)
    assert open_envelope(case) == plaintext
    assert formats.envelope_open(key, case["place"], sealed) == plaintext
    assert formats.envelope_open(key, case["place"], fresh) == plaintext


@pytest.mark.parametrize("case", ENVELOPES["refused"], ids=lambda case: f"{case['algorithm']} {case['why']}")
def test_an_envelope_that_must_not_open(case: dict[str, Any]) -> None:
    with pytest.raises(SealError):
        open_envelope(case)
    with pytest.raises((InvalidTag, AssertionError)):
        formats.envelope_open(bytes.fromhex(case["key"]), case["place"], bytes.fromhex(case["envelope"]))


@pytest.mark.parametrize("case", STREAMS["sealed_files"], ids=lambda case: str(case["plaintext_length"]))
def test_a_sealed_file(case: dict[str, Any]) -> None:
    key, plaintext = bytes.fromhex(case["key"]), vectors.pattern(case["plaintext_length"])
    made = formats.stream_seal(key, case["key_id"], bytes.fromhex(case["salt"]), case["place"], plaintext)
    assert len(made) == case["sealed_length"]
    assert (made[:74].hex(), made[-16:].hex()) == (case["head"], case["tail"])
    assert case.get("sealed", made.hex()) == made.hex()
    assert case.get("sealed_sha256", hashlib.sha256(made).hexdigest()) == hashlib.sha256(made).hexdigest()
    target, ours = io.BytesIO(), io.BytesIO()
    stream.unseal_stream(io.BytesIO(made), target, key, place_of(case["place"]))
    assert target.getvalue() == plaintext
    stream.seal_stream(io.BytesIO(plaintext), ours, key, uuid.UUID(case["key_id"]), place_of(case["place"]))
    assert formats.stream_open(key, case["place"], ours.getvalue()) == plaintext


@pytest.mark.parametrize("case", STREAMS["cobblestone_256"], ids=lambda case: str(case["plaintext_length"]))
def test_a_bare_message(case: dict[str, Any]) -> None:
    key, context, plaintext = bytes.fromhex(case["key"]), bytes.fromhex(case["context"]), vectors.pattern(case["plaintext_length"])
    made = formats.cobblestone_seal(key, bytes.fromhex(case["salt"]), context, plaintext)
    assert made[24:56].hex() == case["commitment"]
    assert case.get("message_sha256", hashlib.sha256(made).hexdigest()) == hashlib.sha256(made).hexdigest()
    target = io.BytesIO()
    stream.decrypt(io.BytesIO(made), target, key, context=context)
    assert target.getvalue() == plaintext


@pytest.mark.parametrize("case", INDEXES, ids=lambda case: f"{case['column']} {case['index']}")
def test_a_blind_index(case: dict[str, Any]) -> None:
    index = blind.BlindIndex(bytes.fromhex(case["key"]), uuid.UUID(case["tenant"]), case["column"], length=case["length"])
    assert index(case["value"]).hex() == case["index"]


def test_the_vectors_hold_what_they_promise() -> None:
    assert {case["algorithm"] for case in ENVELOPES["opens"]} == {1, 2}
    assert len({case["place"]["tenant"] for case in ENVELOPES["opens"]}) == 2
    equal = {case["index"] for case in INDEXES if "LODIE" in case["value"].upper() and case["column"] == "person.email"}
    assert len(equal) == 2, "one for each organisation"
