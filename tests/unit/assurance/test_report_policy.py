"""The public TLS report: a changed letter is noticed, and so is a part that is no longer true."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from garant.assurance.policy import report as rules
from garant.kernel.canonical import Json

REPORT: dict[str, Json] = {"profile": "intermediate", "versions": {"TLS 1.3": ["x"]}, "certificate": {"bits": 256}, "hsts": "max-age=1"}


def test_only_the_key_that_signed_vouches_and_only_for_these_words() -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    signed = rules.signature(key, REPORT)
    assert rules.is_signed(key.public_key(), REPORT, signed)
    assert not rules.is_signed(other.public_key(), REPORT, signed)
    assert not rules.is_signed(key.public_key(), {**REPORT, "profile": "modern"}, signed)
    for bad in ("", "AAAA", signed[:-2], "é"):
        assert not rules.is_signed(key.public_key(), REPORT, bad)


def test_what_changed_since_is_named() -> None:
    assert rules.differences(REPORT, dict(REPORT)) == ()
    assert rules.differences(REPORT, {**REPORT, "certificate": {"bits": 2048}, "made_at": "later"}) == ("certificate",)
