"""A wrapped key opens under its label and its wrapping key only."""

import os

import pytest

from garant.vault import policy
from garant.vault.policy import SealError

RAW = bytes(range(32))


def test_a_wrapped_key_opens_under_its_label_and_its_wrapping_key_only() -> None:
    wrapped = policy.wrap(RAW, os.urandom(12), "kek/1", b"k" * 32)
    assert policy.unwrap(RAW, "kek/1", wrapped) == b"k" * 32
    for under, label, damaged in (
        (bytes(32), "kek/1", wrapped),
        (RAW, "kek/2", wrapped),
        (RAW, "kek/1", wrapped[:-1]),
        (RAW, "kek/1", b""),
    ):
        with pytest.raises(SealError):
            policy.unwrap(under, label, damaged)
