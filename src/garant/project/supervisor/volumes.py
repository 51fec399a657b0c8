"""`[vault] require_encrypted_volume = true`: nothing starts while data would land on a volume in clear (CIR-25)."""

import os
from collections.abc import Sequence
from pathlib import Path

from garant.drivers import volumes
from garant.kernel.errors import ConfigurationError
from garant.project.configuration import Configuration

DIRECTORIES = ("pg", "keys", "secrets", "sondage", "logs", "run", "key-log")


def require_encrypted(data: Path, configuration: Configuration, *, root: Path = Path("/")) -> None:
    """Raises ConfigurationError that names each directory that is not seen to be encrypted, and what to do. `root`: see the driver.

    With `encrypted_by_provider`, a disk that is clear from here is taken on that word; what is not seen at all never is.
    """
    if not configuration.require_encrypted_volume:
        return
    accepted = {volumes.ENCRYPTED, volumes.MEMORY} | ({volumes.CLEAR} if configuration.encrypted_by_provider else set())
    found = {str(place): volumes.look(place, root=root) for place in _places(data)}
    found |= {f"swap on {name}": volume for name, volume in volumes.swaps(root=root).items()}
    wrong = [
        f"{name} ({volume.state}: {' on '.join(volume.chain) or 'no mount'})"
        for name, volume in found.items()
        if volume.state not in accepted
    ]
    if wrong:
        where = configuration.path or data / "garant.toml"
        raise ConfigurationError(
            f"{where}: vault.require_encrypted_volume is true, and these are not on an encrypted volume: {'; '.join(wrong)}. "
            "Put the data directory (--data) on a LUKS volume and swap too, say who encrypts the disks with vault.encrypted_by_provider, "
            "or take the requirement away"
        )


def _places(data: Path) -> Sequence[Path]:
    """Directories of data, and where PostgreSQL's own lead to elsewhere; only root sees those."""
    found = [data / name for name in DIRECTORIES]
    spaces = data / "pg" / "pg_tblspc"
    if os.access(spaces, os.R_OK | os.X_OK):
        found += sorted(spaces.iterdir())
    if os.access(data / "pg", os.X_OK) and (data / "pg" / "pg_wal").is_symlink():
        found.append(data / "pg" / "pg_wal")
    return found
