"""`garant seek`: the process that looks, with the rights that it takes, where a measure asked it to.

<data>/run/seek.json     what is asked: an id, words that measures made, columns that should be sealed
<data>/run/sought.json   the answer to that id: places, never contents

Beside PostgreSQL it is the one process that may read everything, so it listens to nobody: a request is a file of at most 256 KB in a
directory of the service user, and holds nothing but words of one shape and names of columns (`data.service.seeking`).
"""

import json
import logging
import os
import stat
import time
from pathlib import Path
from typing import Annotated

import typer
from django.conf import settings

from garant.data.service.seeking import Holdings, read_request, seek
from garant.drivers.pglaunch import Cluster
from garant.kernel.errors import GarantError, InputError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
log = logging.getLogger(__name__)
LARGEST = 262_144
PAUSE = 0.5
"""Seconds between two looks for a request."""


@app.command("seek")
def look(data: Annotated[Path | None, typer.Option(help="Data directory.")] = None) -> None:  # noqa: ARG001 - read in main
    """Answer the requests of measures until ended; started by `garant up`, never by hand.

    Exit codes: 0 stopped when asked.
    """
    last = ""
    while True:
        last = answered(settings.DATA / "run", last)
        time.sleep(PAUSE)


def answered(run: Path, last: str) -> str:
    """Answer the request that lies there, if it is another than `last`; its id. What is no request is said and thrown away."""
    try:
        asked = read_request(_request(run / "seek.json"))
    except FileNotFoundError:
        return last
    except (InputError, ValueError, OSError) as error:
        log.warning("A request was refused: %s", error)
        (run / "seek.json").unlink(missing_ok=True)
        return last
    if asked.id != last:
        try:
            settings.RUNTIME.write_sought(seek(asked, holdings()).fact(asked.id))
        except GarantError as error:
            log.warning("Nothing could be sought: %s", error)
    return asked.id


def _request(path: Path) -> object:
    """The JSON in a plain file; a link, a device or a large file is refused before it is read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            raise InputError("it is not a small plain file")
        return json.loads(file.read(LARGEST))


def holdings() -> Holdings:
    """Where this deployment's data lie; only where its database server is the embedded one."""
    runtime, name = settings.RUNTIME, settings.GARANT.application.name
    state = runtime.state()
    cluster = Cluster(settings.DATA / "pg", password="", log=settings.DATA / "logs" / "postgres.log")
    example = not settings.GARANT.application.upstream
    return Holdings(
        server={
            "host": str(state.get("database_socket", cluster.socket)),
            "port": str(state.get("database_port", 5432)),
            "user": "postgres",
            "password": runtime.secret("database-superuser"),
        },
        programs=cluster.program,
        cluster=cluster.directory,
        databases=(str(state.get("database", "garant")), *(("sondage",) if example else ())),
        application="sondage" if example else str(settings.APPLICATION_DATABASE.get("dbname", "")),
        files=(settings.DATA / name,) if example else (),
        logs=(settings.DATA / "logs",),
    )
