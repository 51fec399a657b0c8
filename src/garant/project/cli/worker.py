"""`garant worker`."""

from pathlib import Path
from typing import Annotated

import typer
from procrastinate.contrib.django import app as jobs

from garant.statement import jobs as keeping

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def worker(
    queue: Annotated[list[str] | None, typer.Option(help="Queue to serve, may be repeated; by default: default and keep.")] = None,
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,  # noqa: ARG001 - read in main
) -> None:
    """Run jobs until asked to stop (SIGTERM lets the present job end). Any number of workers may run.

    Exit codes: 0 stopped when asked.
    """
    queues = queue or ["default", "keep"]
    if "keep" in queues:
        keeping.start()
    with jobs.replace_connector(jobs.connector.get_worker_connector()) as serving:  # type: ignore[attr-defined]
        serving.run_worker(queues=queues, name="+".join(queues), concurrency=2, delete_jobs="successful", listen_notify=True)
