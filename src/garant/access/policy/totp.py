"""One-time codes by time (RFC 6238 over RFC 4226): 30 s, 6 digits, SHA-1, which is what authenticator applications read. Pure.

- A code of the step before or after is accepted, since telephones drift (`TOLERANCE`).
- A step at or below the last one used is refused: no code passes twice, whatever the clock does.

    >>> code(b"12345678901234567890", 59 // 30)
    '287082'
"""

import hmac
import re
import struct
from base64 import b32encode
from datetime import datetime
from hashlib import sha1

from garant.kernel.clock import aware

PERIOD = 30
DIGITS = 6
TOLERANCE = 1
SECRET_BYTES = 20
SPACES = re.compile(r"[\s\u00a0\u202f-]+")


def code(secret: bytes, step: int) -> str:
    """The code of one time step (RFC 4226, section 5.3)."""
    mac = hmac.new(secret, struct.pack(">Q", step), sha1).digest()
    offset = mac[-1] & 0x0F
    number = struct.unpack(">I", mac[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(now: datetime) -> int:
    """The time step of `now` (RFC 6238, section 4.2)."""
    return int(aware(now).timestamp()) // PERIOD


def typed(text: str) -> str:
    """What was typed, without the spaces and hyphens that people copy along."""
    return SPACES.sub("", text)


def matching_step(secret: bytes, text: str, now: datetime, last: int | None) -> int | None:
    """The step whose code was typed, if it is near `now` and above `last`; None otherwise. All candidates are compared."""
    given = typed(text).encode()
    found = None
    for step in range(step_of(now) - TOLERANCE, step_of(now) + TOLERANCE + 1):
        if step < 0:
            continue
        same = hmac.compare_digest(code(secret, step).encode(), given)
        if same and found is None and (last is None or step > last):
            found = step
    return found


def spoken(secret: bytes) -> str:
    """The secret as people type it when they cannot scan: base 32 without padding."""
    return b32encode(secret).decode().rstrip("=")
