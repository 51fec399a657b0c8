"""Where the vault of this installation lies, and what garant.toml decides about it."""

from pathlib import Path

from django.conf import settings

from garant.vault.engines.escrow import Escrow
from garant.vault.engines.keylog import KeyLog
from garant.vault.engines.keystore import KeyStore
from garant.vault.service.roots import protector


def store() -> KeyStore:
    """The key store of this installation."""
    directory = Path(settings.DATA) / "keys"
    return KeyStore(directory, protector=protector(directory))


def key_log() -> KeyLog:
    """The log of what became of keys, apart from the key store and from the database."""
    return KeyLog(Path(settings.DATA) / "key-log" / "keys.log")


def escrow() -> Escrow:
    """The people who together can bring keys back."""
    return Escrow(settings.GARANT.vault.recipients, settings.GARANT.vault.threshold)


def pending_days() -> int:
    """Days from T0 to the destruction."""
    return int(settings.GARANT.vault.days)


def backups() -> Path | None:
    """Where backups of the key store go; None when garant.toml names no place."""
    place = settings.GARANT.vault.backups
    return Path(place) if place else None
