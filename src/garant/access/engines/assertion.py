"""Who is asking, in a form that the application can verify: a JWT signed with Ed25519, for one tenant of one application, for a minute.

    iss garant · aud <tenant>/<application> · sub <user> · tenant · roles · name · lang · sid8 · iat · exp · jti

The key pair is made with the deployment (`project.provision`); its public half stands beside it as a JWK set, for whoever verifies.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from garant.kernel.canonical import canonical
from garant.kernel.errors import ConfigurationError

ISSUER = "garant"


@dataclass(frozen=True)
class Claims:
    """What one assertion says. `until`: at most a minute after `at`."""

    audience: str
    tenant: str
    user: str
    roles: tuple[str, ...]
    name: str
    language: str
    session: str
    at: datetime
    until: datetime


class Signer:
    """The key pair of a deployment, in `<data>/assertion/`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        pem = directory / "private.pem"
        try:
            key = load_pem_private_key(pem.read_bytes(), password=None)
        except FileNotFoundError:
            raise ConfigurationError(f"{pem} is missing; `garant up` or `garant init` makes it") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigurationError(f"{pem} is not an Ed25519 key; move it away, and a new one is made")
        self._key = key
        self.kid = thumbprint(key)

    def sign(self, claims: Claims) -> str:
        """The compact form (RFC 7519)."""
        payload = {
            "iss": ISSUER,
            "aud": claims.audience,
            "sub": claims.user,
            "tenant": claims.tenant,
            "roles": list(claims.roles),
            "name": claims.name,
            "lang": claims.language,
            "sid8": claims.session[:8],
            "iat": int(claims.at.timestamp()),
            "exp": int(claims.until.timestamp()),
            "jti": secrets.token_urlsafe(12),
        }
        return jwt.encode(payload, self._key, algorithm="EdDSA", headers={"kid": self.kid, "typ": "JWT"})


def thumbprint(key: Ed25519PrivateKey) -> str:
    """The key's name (RFC 7638), as the published set has it."""
    x = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
    digest = hashlib.sha256(canonical({"crv": "Ed25519", "kty": "OKP", "x": x})).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
