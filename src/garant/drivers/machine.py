"""Which machine this is: names that stay with it, and that tell nothing else.

machine:<32 hex>        of systemd's machine id, hashed with a word of ours (machine-id(5) asks that it is not shown as it is)
ssh:SHA256:<base64>     fingerprint of the SSH host key, as `ssh-keygen -l` prints it
"""

import base64
import hashlib
from pathlib import Path

from garant.kernel.errors import EngineError
from garant.kernel.text import Text

MACHINE_ID = Path("/etc/machine-id")
HOST_KEYS = Path("/etc/ssh")


def identities(machine_id: Path = MACHINE_ID, host_keys: Path = HOST_KEYS) -> tuple[str, ...]:
    """Every identity of this machine. Raises EngineError when it has none."""
    found = []
    try:
        text = machine_id.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if len(text) == 32:
        found.append(f"machine:{hashlib.sha256(b'garant/machine/1' + bytes([10]) + text.encode()).hexdigest()[:32]}")
    for path in sorted(host_keys.glob("ssh_host_*_key.pub")):
        words = path.read_text(encoding="ascii", errors="replace").split()
        if len(words) >= 2:
            raw = base64.b64decode(words[1] + "=" * (-len(words[1]) % 4))
            found.append(f"ssh:SHA256:{base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip('=')}")
    if not found:
        raise EngineError(
            Text(
                "cette machine n’a pas d’identité; lancez systemd-machine-id-setup.",
                "this machine has no identity; run systemd-machine-id-setup",
            )
        )
    return tuple(found)
