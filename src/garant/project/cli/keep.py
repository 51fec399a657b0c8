"""`garant keep`."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from garant.kernel.clock import SystemClock
from garant.kernel.verdicts import State
from garant.statement import service as statement

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
PAUSE = 30.0
"""Seconds between two looks at what is due."""


@app.command()
def keep(
    once: Annotated[bool, typer.Option("--once", help="Measure everything now, due or not, publish, and end.")] = False,
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,  # noqa: ARG001 - read in main
) -> None:
    """Bring engines to the promised state, observe, record, judge, publish.

    Without --once it goes on, measuring what is due; `garant up` does the same through its worker, so you need it only without `up`.

    Exit codes: 0 every measure that ran reads kept or attested; 1 one of them does not, or could not run; 2 it could not be done.
    """
    clock = SystemClock()
    if once:
        turns = statement.keep_once(clock=clock)
        for turn in turns:
            if turn.kept is not None:
                word = f"{turn.kept.verdict.state.value}: {turn.kept.verdict.reason.en}"
            else:
                word = "busy: another process is measuring it" if turn.busy else f"defect: {turn.defect}"
            print(f"{turn.due.promise.identity}  {turn.due.keeper.measure.key}  {word}")
        if not turns:
            print("garant: no statement in force binds a measure", file=sys.stderr)
        good = all(turn.kept is not None and turn.kept.verdict.state in (State.KEPT, State.ATTESTED) for turn in turns)
        raise typer.Exit(0 if good and turns else 1)
    while True:
        statement.keep_due(clock=clock)
        time.sleep(PAUSE)
