"""What only this deployment knows and the measures of data need: databases, files, the people made for probing."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from django.conf import settings

from garant.access.service.visitors import residents
from garant.data.promises import Hands
from garant.edge import queries as edge
from garant.identity.service import tenant_transaction
from garant.kernel.deployment import Deployment

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "sondage"
OWN_ROLES = ("web", "worker")


def hands(place: Deployment) -> Hands:
    """Of this installation."""
    example = not settings.GARANT.application.upstream
    return Hands(
        residents=partial(residents, place),
        database=settings.APPLICATION_DATABASE,
        role=settings.GARANT.application.role or settings.GARANT.application.name,
        recipe=_recipe(example=example),
        files=(place.data / place.application,) if example else (),
        own={f"garant_{role}": _own(role) for role in OWN_ROLES},
        keyring=settings.RUNTIME.keyring_socket,
        reads=_reads,
        data_map=settings.DATA_MAP,
        ask=settings.RUNTIME.write_seek,
        answer=settings.RUNTIME.sought,
        remote=not str(settings.DATABASES["default"]["HOST"]).startswith("/"),
        provider=settings.GARANT.encrypted_by_provider,
    )


def _recipe(*, example: bool) -> Path | None:
    configuration = settings.GARANT
    if configuration.application.probe:
        beside = configuration.path.parent if configuration.path is not None else Path()
        return beside / configuration.application.probe
    return EXAMPLE / "garant-probe.toml" if example else None


def _reads(since: datetime) -> Sequence[tuple[uuid.UUID, uuid.UUID, datetime, int]]:
    with tenant_transaction(None, scope="operator"):
        return edge.taken(since)


def _own(role: str) -> Mapping[str, str | int]:
    """Words of psycopg for one of Garant's own roles."""
    database = settings.DATABASES["default"]
    return {
        "host": str(database["HOST"]),
        "port": str(database["PORT"]),
        "dbname": str(database["NAME"]),
        "user": f"garant_{role}",
        "password": settings.RUNTIME.secret(f"database-{role}"),
        "connect_timeout": 5,
    }
