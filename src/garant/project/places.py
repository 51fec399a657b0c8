"""The register of places of this deployment: `places.toml` beside garant.toml, else the demonstration's, which says what is known of
this machine and nothing more."""

from datetime import datetime
from pathlib import Path

from django.conf import settings

from garant.data import service as data
from garant.data.policy.demonstration import demonstration
from garant.drivers import machine
from garant.kernel.errors import ConfigurationError

FILE = "places.toml"


def path() -> Path | None:
    """Where the operator's register is or would be."""
    found: Path | None = settings.GARANT.path
    return found.with_name(FILE) if found is not None else None


def text() -> tuple[str, str]:
    """The register as text, and the name of its file in messages. Raises ConfigurationError when it cannot be read."""
    place = path()
    if place is None or not place.exists():
        held = settings.DATABASES["default"]
        host = str(held["HOST"])
        return demonstration(machine.identities(), "" if host.startswith("/") else f"postgresql://{host}:{held['PORT']}"), "demonstration"
    try:
        return place.read_text(encoding="utf-8"), str(place)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{place} cannot be read as UTF-8 text: {error}") from error


def settle(*, at: datetime, actor: str) -> data.PlacesImported:
    """Put the register in force; an unchanged one changes nothing. Raises PlacesError with every mistake."""
    content, name = text()
    return data.import_places(content, at=at, actor=actor, name=name)
