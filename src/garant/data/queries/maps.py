"""Reading the versions of a data map."""

from dataclasses import dataclass
from datetime import datetime

from garant.data.models import MapVersion


@dataclass(frozen=True)
class Version:
    """One text that was in force. `tables`, `columns`: how many it speaks of."""

    number: int
    at: datetime
    actor: str
    digest: str
    tables: int
    columns: int


def versions(application: str, *, limit: int = 10) -> list[Version]:
    """The newest first."""
    rows = MapVersion.objects.filter(application=application).order_by("-number")[:limit]
    return [Version(row.number, row.at, row.actor, row.digest, row.tables, row.columns) for row in rows]
