"""What an authenticator application reads: the `otpauth:` address and its drawing (ASO-19: Microsoft Authenticator)."""

import io
import secrets
from urllib.parse import quote

import segno

from garant.access.policy.totp import SECRET_BYTES, spoken


def new_secret() -> bytes:
    """160 random bits (RFC 4226, section 4, R6)."""
    return secrets.token_bytes(SECRET_BYTES)


def key_uri(secret: bytes, issuer: str, account: str) -> str:
    """The `otpauth:` address. Only defaults (SHA-1, 6 digits, 30 s): other parameters are ignored by Microsoft Authenticator."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    return f"otpauth://totp/{label}?secret={spoken(secret)}&issuer={quote(issuer, safe='')}"


def drawing(uri: str) -> str:
    """The QR code as inline SVG, without inline style: quiet zone included, dark on light whatever the page's colours.

    It has a view box and no size: the page says how large it is, and nothing of it is cut.
    """
    out = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(
        out,
        kind="svg",
        scale=4,
        border=4,
        dark="#000",
        light="#fff",
        xmldecl=False,
        svgns=True,
        svgclass=None,
        lineclass=None,
        omitsize=True,
    )
    return out.getvalue().decode()
