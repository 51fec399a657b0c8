"""What `garant doctor` looks at about keys: the store and its root, the log, backups, people who hold shares."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from garant.kernel.errors import ConfigurationError, EngineError, Refused
from garant.project.configuration import Configuration
from garant.vault.engines.backups import newest
from garant.vault.engines.keylog import KeyLog
from garant.vault.engines.keystore import KeyStore
from garant.vault.engines.kms.choice import chosen

OLD = timedelta(days=2)
"""Age of the newest backup at which somebody is told."""

Seen = tuple[str, str, str]
"""Grade, text, advice."""


def keys(data: Path, made: Configuration, now: datetime) -> Iterator[Seen]:
    """What is well and what is not."""
    directory = data / "keys"
    if not (directory / "store.sqlite").exists():
        yield (
            "warning",
            f"{directory} holds no key store yet",
            "the first start makes it; if there was one, see docs/vault.md (backup and restore)",
        )
        return
    try:
        store = KeyStore(directory, protector=chosen(made.root.kind, dict(made.root.parameters), directory / "root"))
        root, known = store.root(), store.log_seen()
        log = KeyLog(data / "key-log" / "keys.log")
        head = log.replayed().head
    except (ConfigurationError, EngineError, Refused) as error:
        yield "error", str(error), "until then nothing that was sealed can be read"
        return
    yield "ok", f"the key store is at epoch {root.epoch} of the root {store.protector.name!r}, for {len(store.tenants())} organisations", ""
    if known is not None and (head < known or not log.path.exists()):
        yield "error", f"{log.path} is missing or shorter ({head}) than the key store saw it ({known})", "put its copy back (docs/vault.md)"
    yield from _backups(made, root.epoch, now)
    if not made.vault.recipients:
        yield "ok", "nobody holds shares: keys pending destruction would be set aside, by procedure alone (docs/vault.md)", ""


def _backups(made: Configuration, epoch: int, now: datetime) -> Iterator[Seen]:
    if not made.vault.backups:
        yield "warning", "no backup of the key store is made by itself", "set vault.backups in garant.toml to a directory on another disk"
        return
    place = Path(made.vault.backups)
    last = newest(place, epoch=epoch) if place.is_dir() else None
    if last is None or now - last > OLD:
        said = f"the newest backup of the key store is of {last:%Y-%m-%d}" if last else "there is no backup of the key store of this epoch"
        yield "error", f"{said} ({place})", "see the worker's log, or run `garant key backup`"
    else:
        yield "ok", f"the newest backup of the key store is of {last:%Y-%m-%d %H:%M} UTC", ""
