"""`garant verdicts`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from garant.kernel.canonical import moment
from garant.kernel.clock import SystemClock
from garant.kernel.verdicts import State
from garant.statement import service as statement
from garant.statement.service import Line

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def verdicts(
    statement_: Annotated[str, typer.Option("--statement", help="Slug of the statement; by default every one that is published.")] = "",
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,  # noqa: ARG001 - read in main
) -> None:
    """Every sentence with its verdict, the worst first, and the reason.

    Exit codes: 0 no sentence is broken; 1 at least one is; 2 it could not be read.
    """
    now = SystemClock().now()
    slugs = [statement_] if statement_ else statement.published(now=now)
    tables = {slug: statement.verdict_table(slug, now=now) for slug in slugs}
    if json_:
        print(json.dumps({slug: [_plain(line) for line in lines] for slug, lines in tables.items()}, ensure_ascii=False, indent=1))
    else:
        for slug, lines in tables.items():
            _print(slug, lines)
    raise typer.Exit(1 if any(line.state is State.BROKEN for lines in tables.values() for line in lines) else 0)


def _plain(line: Line) -> dict[str, object]:
    return {
        "claim": line.claim,
        "state": line.state.value,
        "since": moment(line.since) if line.since else None,
        "sentence": {"fr": line.sentence.fr, "en": line.sentence.en},
        "reason": {"fr": line.reason.fr, "en": line.reason.en},
    }


def _print(slug: str, lines: list[Line]) -> None:
    counts: dict[str, int] = {}
    for line in lines:
        counts[line.state.value] = counts.get(line.state.value, 0) + 1
    print(f"{slug}: " + ", ".join(f"{number} {state}" for state, number in counts.items()))
    for line in lines:
        since = f" since {line.since:%Y-%m-%d %H:%M} UTC" if line.since else ""
        print(f"  {line.claim:<8} {line.state.value:<14}{since}\n           {line.reason.en}")
