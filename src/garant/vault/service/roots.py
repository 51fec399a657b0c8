"""What protects the root of this installation: the protector that garant.toml names, one for each process."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from garant.vault.engines.keystore import KeyStore
from garant.vault.engines.kms.choice import chosen
from garant.vault.engines.roots import Attestation, RootProtector


def protector(directory: Path) -> RootProtector:
    """The protector of the key store in `directory`. Raises ConfigurationError when its library is not installed."""
    root = settings.GARANT.root
    return _made(root.kind, root.parameters, directory / "root")


def former_protector(kind: str, parameters: tuple[tuple[str, Any], ...]) -> RootProtector:
    """Another protector of this installation's key store: the one that an earlier garant.toml named."""
    return _made(kind, parameters, Path(settings.DATA) / "keys" / "root")


def root_attestation() -> Attestation:
    """What the protector of the root can truly promise. Raises the errors of the protocol where it has to be asked and cannot."""
    return protector(Path(settings.DATA) / "keys").attest()


def root_left_behind() -> Mapping[int, str]:
    """Epochs of a former protector that a move was killed before destroying, with its name; empty when none."""
    directory = Path(settings.DATA) / "keys"
    return KeyStore(directory, protector=protector(directory)).left_behind()


@lru_cache(maxsize=8)
def _made(kind: str, parameters: tuple[tuple[str, Any], ...], directory: Path) -> RootProtector:
    return chosen(kind, dict(parameters), directory)
