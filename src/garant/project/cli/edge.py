"""`garant edge`."""

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from django.conf import settings

from garant.drivers.haproxy import Runtime
from garant.edge.agent import Agent, lists_from_database
from garant.edge.collector import Collector, listen
from garant.edge.engines.haproxy import Places, differences
from garant.edge.policy.haproxy import compile_haproxy, compile_routes, map_text
from garant.kernel.clock import SystemClock
from garant.kernel.errors import ConfigurationError
from garant.project.edge_files import edge_name, plan_of

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The edge: show what it is compiled to, run its two processes.")
Data = Annotated[Path | None, typer.Option(help="Data directory.")]


@app.command()
def show(
    maps: Annotated[bool, typer.Option("--maps", help="Also the lists: hosts, routes, address rules (from the database).")] = False,
    compare: Annotated[bool, typer.Option("--compare", help="Say where the running edge differs from what is compiled.")] = False,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Print HAProxy's configuration as the policy compiles to. Nobody edits it: change garant.toml or the console instead.

    Exit codes: 0 printed (with --compare: no difference); 1 the running edge differs; 2 it cannot be compiled.
    """
    plan, places = plan_of(settings.GARANT, settings.RUNTIME), Places(settings.RUNTIME.run)
    if compare:
        found = differences(Runtime(places.runtime), places, plan, lists_from_database())
        print("\n".join(found) or "The running edge is as compiled.")
        raise typer.Exit(1 if found else 0)
    print(compile_haproxy(plan))
    if maps:
        texts = {places.routes: map_text(compile_routes(plan.routes)), **lists_from_database().texts(places)}
        for path, text in texts.items():
            print(f"\n# {path.name}\n{text}", end="")


@app.command()
def agent(data: Data = None) -> None:  # noqa: ARG001 - read in main
    """Keep the edge as the database says: hosts, address rules, revocations. One per edge; ends when asked (SIGTERM).

    Exit codes: 0 stopped when asked.
    """
    Agent(edge_name(), Places(settings.RUNTIME.run), SystemClock()).run(_asked_to_stop())


@app.command()
def collector(data: Data = None) -> None:  # noqa: ARG001 - read in main
    """Write the edge's log into the access journal and count what was lost. One per edge; ends when asked (SIGTERM).

    Exit codes: 0 stopped when asked; 2 the port is not known or in use.
    """
    port = settings.RUNTIME.state().get("collector")
    if port is None:
        raise ConfigurationError(f"{settings.RUNTIME.run / 'state.json'} names no port for the collector; `garant up` chooses one")
    try:
        listener = listen(int(port))
    except OSError as error:
        raise ConfigurationError(f"port {port} of the loopback cannot be opened for the collector: {error.strerror}") from error
    print(f"The collector listens on 127.0.0.1:{port}.", file=sys.stderr)
    Collector(edge_name(), SystemClock(), Runtime(Places(settings.RUNTIME.run).runtime)).run(listener, _asked_to_stop())


def _asked_to_stop() -> Callable[[], bool]:
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    return asked.is_set
