"""The public half of the key that signs identity assertions."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings


def public_keys() -> Mapping[str, Any]:
    """A JWK set (RFC 8037): what `/.well-known/garant/keys.json` serves. No keys before the first start."""
    try:
        found: Mapping[str, Any] = json.loads((Path(settings.DATA) / "assertion" / "public.json").read_text(encoding="ascii"))
    except FileNotFoundError:
        return {"keys": []}
    return found
