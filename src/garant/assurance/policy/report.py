"""The public TLS report as a value: what is signed, how a stranger checks it (INT-52).

    signed bytes = "garant/tls-report/1\\n" + canonical JSON of `report`

Ed25519 by the deployment's key, whose public half is published. A signature proves who says it and when, not that it is true: hence
the report names commands that ask the server itself. No customer's host name stands in it.
"""

import base64
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from garant.kernel.canonical import Json, canonical

FORMAT = "garant/tls-report/1"
PREFIX = FORMAT.encode() + b"\n"
COMPARED = ("profile", "versions", "certificate", "hsts")
"""Parts that must be what the server shows now."""


def signature(key: Ed25519PrivateKey, report: Mapping[str, Json]) -> str:
    """Base64url of the signature, without padding."""
    return base64.urlsafe_b64encode(key.sign(PREFIX + canonical(report))).rstrip(b"=").decode()


def is_signed(key: Ed25519PublicKey, report: Mapping[str, Json], signed: str) -> bool:
    """Whether this key signed exactly this report."""
    try:
        key.verify(base64.urlsafe_b64decode(signed + "=" * (-len(signed) % 4)), PREFIX + canonical(report))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def differences(report: Mapping[str, Json], now: Mapping[str, Json]) -> tuple[str, ...]:
    """Which parts of the report are not what is served now."""
    return tuple(part for part in COMPARED if report.get(part) != now.get(part))
