"""One place in clear breaks; what could not be searched, or was never sealed, proves nothing."""

import copy
import os
import uuid
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from garant.data.policy.sealed import envelope, judge
from garant.kernel.promise import Canary, Evidence, Finding, Promise
from garant.sdk.envelope import Place, seal
from support.evidence import HOUR, NOON

GOOD: dict[str, Any] = {
    "clear": [],
    "read": ["dump", "files", "heap", "wal"],
    "keys": [],
    "columns": 2,
    "values": 9,
    "plain": [],
    "foreign": [],
    "moved": [],
    "opened": 2,
    "on": 2,
    "off": [],
}


def finding(aspect: str = "sensitive", **changes: Any) -> Finding:
    facts = {**copy.deepcopy(GOOD), **changes}
    run = Evidence("1", "data.sealed", "data.sealed_search", NOON, NOON, NOON + HOUR, 4, 4, facts, Canary.HELD, (), None, "", 1)
    return judge(Promise("data.sealed", {"aspect": aspect}), run)


def test_everything_sealed_is_kept():
    found = finding()
    assert (found.holds, found.number.en, found.words.en) == (True, "9", "values sealed")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"clear": ["dump"]}, "the canary is in clear in a dump of the database"),
        ({"plain": ["person.email"]}, "person.email is no envelope"),
        ({"foreign": ["person.email"]}, "person.email names another’s key"),
        ({"moved": ["person.email"]}, "person.email does not open in its place"),
        ({"keys": ["dump"]}, "a wrapping key is in a dump of the database"),
    ],
)
def test_each_fault_breaks_and_is_said(fault, said):
    found = finding(**fault)
    assert found.holds is False
    assert said in found.reason.en


@pytest.mark.parametrize("gap", [{"columns": 0}, {"read": ["dump", "heap", "wal"]}, {"opened": 0}])
def test_what_was_not_looked_at_is_no_answer(gap):
    assert finding(**gap).holds is None


def test_a_choice_that_nobody_made_is_never_green():
    """AST-48: the sentence holds for whoever chose sealing; without one there is nothing that it could hold for."""
    assert finding("chosen", on=0, off=["1a2b3c4d", "5e6f7a8b"]).holds is None
    found = finding("chosen", on=1, off=["1a2b3c4d"])
    assert found.holds is True
    assert found.reason.en.endswith("1 customer chose to do without.")


def test_an_envelope_is_known_by_its_head_and_length():
    key = uuid.uuid4()
    made = seal(AESGCM(os.urandom(32)), key, os.urandom(12), Place("ca", uuid.uuid4(), "t", "c", "1"), b"x")
    found = envelope(made[:18], len(made))
    assert found is not None
    assert (found.algorithm, found.key) == ("AES-256-GCM", key)
    assert envelope(made[:18], 45) is None
    assert envelope(b"\x01\x09" + made[2:18], len(made)) is None
    assert envelope("élodie@example.org".encode()[:18], 19) is None
    assert envelope(b"", 0) is None


def test_a_search_that_stopped_half_way_proves_nothing_and_hides_no_fault():
    found = finding(errors={"keys": "the dump ended early"})
    assert (found.holds, found.reason.en) == (None, "A search could not be completed: keys.")
    assert finding(errors={"keys": "the dump ended early"}, plain=["person.name"]).holds is False
