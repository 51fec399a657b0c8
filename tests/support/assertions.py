"""An edge that signs: identity assertions made with a key of the test, good ones and bad ones."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from garant.sdk.encoding import encode

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
ROSALIE = uuid.UUID("7d1f5f0e-5a52-4d3d-9a37-1b8f4a0c1f01")
OMER = uuid.UUID("7d1f5f0e-5a52-4d3d-9a37-1b8f4a0c1f02")
FORGET = object()
"""A field set to this value is left out."""


@dataclass
class Signer:
    """An Ed25519 key with its name."""

    kid: str = "edge-1"
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def raw_public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def jwk(self) -> dict[str, str]:
        return {"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "use": "sig", "alg": "EdDSA", "x": encode(self.raw_public)}

    def jwks(self) -> str:
        return json.dumps({"keys": [self.jwk()]})

    def write(self, path: Path) -> Path:
        path.write_text(self.jwks(), encoding="utf-8")
        return path

    def token(self, *, now: datetime = NOON, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """A good assertion of Rosalie, author at saint-elan, but for `header` and `changes`."""
        tenant = changes.get("tenant", "saint-elan")
        issued = int(now.timestamp())
        payload = {
            "iss": "garant",
            "aud": f"{tenant}/sondage",
            "sub": str(ROSALIE),
            "tenant": tenant,
            "roles": ["author", "member"],
            "name": "Rosalie Béchamp",
            "lang": "fr-ca",
            "sid8": "0f3a99c1",
            "iat": issued,
            "exp": issued + 60,
            "jti": "b64fresh",
            **changes,
        }
        return self.sign(
            json.dumps({"alg": "EdDSA", "typ": "JWT", "kid": self.kid, **(header or {})}).encode(),
            json.dumps({key: value for key, value in payload.items() if value is not FORGET}).encode(),
        )

    def sign(self, header: bytes, payload: bytes) -> str:
        """The compact form of any two byte strings, with a signature that holds."""
        signed = f"{encode(header)}.{encode(payload)}"
        return f"{signed}.{encode(self.private.sign(signed.encode()))}"


def current(signer: Signer, **changes: Any) -> str:
    """A token good at this very moment, for a server that reads the machine's clock."""
    return signer.token(now=datetime.now(UTC) - timedelta(seconds=1), **changes)
