"""`garant up`."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from garant.project import configuration
from garant.project.runtime import Runtime
from garant.project.supervisor.watch import Supervisor

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def up(
    data: Annotated[Path | None, typer.Option(help="Data directory: database, secrets, keys, logs. Made when absent.")] = None,  # noqa: ARG001 - read in main
    config: Annotated[Path | None, typer.Option(help="Configuration file; by default garant.toml in the data directory.")] = None,
    https: Annotated[int, typer.Option(help="Port of the edge; by default the one of garant.toml, else 8443.")] = 0,
    http: Annotated[int, typer.Option(help="Port that only redirects to HTTPS; by default the one of garant.toml, else 8080.")] = 0,
    demo: Annotated[
        bool | None,
        typer.Option(
            "--demo/--no-demo",
            help="Make the demonstration's organisations and accounts; by default when the example application is protected.",
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON line with the addresses when everything serves.")] = False,
) -> None:
    """Start everything on this machine, say what is waited for, and keep it running until Ctrl-C.

    PostgreSQL and seeker (unless GARANT_DATABASE_URL names a server of yours), the edge with its agent and collector, web, decision,
    keyring, worker, prober and, when garant.toml names no application of yours, the example survey application. A process that dies is
    started again. Logs are in DATA/logs, the state of the processes in DATA/run/state.json.

    Exit codes: 0 stopped when asked; 2 something is in the way (port in use, already running, ...), said in one line.
    """
    directory = Path(os.environ["GARANT_DATA"])
    place = config or directory / "garant.toml"
    os.environ["GARANT_CONFIG"] = str(place.absolute())
    made = configuration.load(place.absolute()).with_ports(https=https, http=http)
    accounts = directory / "demo-accounts.txt"
    before = accounts.stat().st_size if accounts.exists() else 0
    supervisor = Supervisor(directory, made, say=_say, demo=not made.application.upstream if demo is None else demo)
    supervisor.up(serving=lambda: _announce(directory, made, as_json=json_, known=before, troubles=supervisor.troubles))


def _say(sentence: str) -> None:
    print(f"garant: {sentence}", file=sys.stderr, flush=True)


def _announce(data: Path, made: configuration.Configuration, *, as_json: bool, known: int, troubles: Sequence[str]) -> None:
    """Addresses and accounts; last, where it is read, what could not be put in force."""
    port = "" if made.https == 443 else f":{made.https}"
    hosts = Runtime(data).state()
    accounts = data / "demo-accounts.txt"
    if as_json:
        print(
            json.dumps({"trust": f"https://{made.base}{port}/", "https": made.https, "data": str(data), **{"pid": hosts["supervisor"]}}),
            flush=True,
        )
        return
    lines = [
        "",
        f"  Trust page          https://{made.base}{port}/fr/   https://{made.base}{port}/en/",
        f"  Operator's console  https://{made.base}{port}/fr/console/",
        f"  Local authority     {data}/tls/ca.pem  (curl --cacert; import it in a browser to see no warning)",
    ]
    text = accounts.read_bytes()[known:].decode() if accounts.exists() else ""
    if text:
        lines += ["", f"  Demonstration accounts (shown once; kept in {accounts}, readable by root and the service user):", ""]
        lines += [f"    {line}" for line in text.splitlines()]
    elif known:
        lines += [f"  Accounts            {accounts}"]
    serves = "Everything serves, but not all is in force:" if troubles else "Everything serves. Ctrl-C stops it."
    lines += [f"  Next step           {each}" for step, each in Runtime(data).troubles().items() if step == "people"]
    lines += ["", f"  {serves}", *(f"  {each}" for each in troubles), ""]
    print("\n".join(lines), flush=True)
