"""The form that the key store had before it was one file: read once, at the first start that finds it, then overwritten.

<data>/keys/root.key           {"region", "epoch", "key", "kcv"}
<data>/keys/keks/<tenant>.json {"version", "root_kcv", "kcv", "wrapped"}
"""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from garant.kernel.errors import ConfigurationError
from garant.vault import policy
from garant.vault.engines import files


@dataclass(frozen=True)
class Earlier:
    """What such a store held: region, epoch, and each tenant's key with its version."""

    region: str
    epoch: int
    keys: Mapping[uuid.UUID, tuple[int, bytes]]


def read_earlier(directory: Path) -> Earlier | None:
    """What a store of that form holds; None when there is none. Raises ConfigurationError when it is damaged or lost its root."""
    keks = directory / "keks"
    held = sorted(keks.glob("*.json")) if keks.is_dir() else []
    path = directory / "root.key"
    if not path.exists():
        if held:
            raise ConfigurationError(
                f"{path} is missing but tenants' keys exist: put the root key back from its escrow; "
                "a new one would make every sealed value unreadable"
            )
        return None
    found = files.read_json(path, "put it back from its escrow")
    place = path
    try:
        region, epoch = str(found["region"]), int(found["epoch"])
        root = base64.b64decode(found["key"], validate=True)
        policy.require_key(root, bytes.fromhex(found["kcv"]), "the root key")
        keys = {}
        for place in held:
            each, tenant = files.read_json(place, "put it back from a copy"), uuid.UUID(place.stem)
            version = int(each["version"])
            wrapped = base64.b64decode(each["wrapped"], validate=True)
            keys[tenant] = (version, policy.unwrap(root, f"garant/kek/{region}/{epoch}/{tenant}/{version}", wrapped))
            policy.require_key(keys[tenant][1], bytes.fromhex(each["kcv"]), f"the key of tenant {tenant}")
    except (KeyError, TypeError, ValueError, policy.SealError) as error:
        raise ConfigurationError(f"{place} is damaged; put it back from a copy") from error
    return Earlier(region, epoch, keys)


def remove_earlier(directory: Path) -> None:
    """Overwrite and delete a store of that form, its root first: from then on it opens nothing."""
    files.overwrite_and_delete(directory / "root.key")
    keks = directory / "keks"
    if keks.is_dir():
        for path in keks.iterdir():
            files.overwrite_and_delete(path)
        keks.rmdir()
