"""`garant edge`: what HAProxy is told, and the two processes beside it."""

import logging
import signal
import socket
import threading
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from django.conf import settings
from django.db import DatabaseError

from garant.drivers import haproxy
from garant.drivers.haproxy import Runtime
from garant.edge import agent as agents
from garant.edge import collector as collectors
from garant.edge import service as edge
from garant.edge.engines.haproxy import Lists, Places, differences, reload, write_certificates, write_files
from garant.edge.policy.haproxy import compile_haproxy
from garant.kernel.clock import SystemClock
from garant.kernel.errors import EngineError
from garant.project import door

log = logging.getLogger("garant.edge")

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="The only door: its configuration, its agent, its log collector.",
)
Data = Annotated[Path | None, typer.Option(help="Data directory.")]


@app.command()
def show(
    check: Annotated[bool, typer.Option("--check", help="Also let HAProxy read it, and compare the running edge with the policy.")] = False,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Print the configuration that the policy compiles to.

    Exit codes: 0 printed (and, with --check, the running edge is as the policy says), 1 it is not: each difference is a line.
    """
    plan = door.plan_of(settings.GARANT, settings.RUNTIME)
    print(compile_haproxy(plan))
    if check:
        places = Places(settings.RUNTIME.run)
        haproxy.check(places.configuration)
        found = differences(Runtime(places.runtime), places, plan, edge.lists_from_database())
        for line in found:
            print(f"# {line}")
        raise typer.Exit(1 if found else 0)


@app.command()
def prepare(data: Data = None) -> None:  # noqa: ARG001 - read in main
    """Write all the files that HAProxy reads at start: configuration, certificates, pages, lists.

    Exit codes: 0 written and accepted by HAProxy, 1 refused (the configuration in use stays).
    """
    prepare_files()


def prepare_files() -> None:
    """Without the database the lists are empty, so that nothing is served until the agent has filled them."""
    try:
        lists = edge.lists_from_database()
    except (DatabaseError, psycopg.Error) as error:
        log.warning("The database does not answer (%s): the edge starts closed.", str(error).strip().splitlines()[0])
        lists = Lists()
    plan = door.plan_of(settings.GARANT, settings.RUNTIME)
    write_files(
        Places(settings.RUNTIME.run),
        plan,
        lists,
        authority=settings.DATA / "tls",
        certificate=door.given_certificate(settings.GARANT),
        now=SystemClock().now(),
    )


@app.command()
def agent(data: Data = None) -> None:  # noqa: ARG001 - read in main
    """Write the edge's files, then keep HAProxy as the database says, until asked to stop.

    Exit codes: 0 stopped when asked, 1 the configuration was refused.
    """
    stop = stopped_by_signal()
    prepare_files()
    agents.Agent(name(), Places(settings.RUNTIME.run), SystemClock(), renew=renew).run(stop.is_set)


def renew() -> None:
    """Renew the certificate when it is near its end (or the operator's file has changed), and serve it."""
    places = Places(settings.RUNTIME.run)
    plan = door.plan_of(settings.GARANT, settings.RUNTIME)
    given = door.given_certificate(settings.GARANT)
    if write_certificates(places, plan, authority=settings.DATA / "tls", certificate=given, now=SystemClock().now()):
        log.info("The certificate was renewed; HAProxy is reloaded.")
        reload(places)


@app.command()
def collector(data: Data = None) -> None:  # noqa: ARG001 - read in main
    """Receive the edge's log and write the access journal, until asked to stop.

    Exit codes: 0 stopped when asked, 1 the port is taken.
    """
    stop = stopped_by_signal()
    port = int(settings.RUNTIME.state()["collector"])
    try:
        listener = collectors.listen(port)
    except OSError as error:
        raise EngineError(f"the collector cannot listen on 127.0.0.1:{port}: {error.strerror}") from error
    runtime = Runtime(Places(settings.RUNTIME.run).runtime)
    with listener:
        collectors.Collector(name(), SystemClock(), runtime).run(listener, stop.is_set)


def name() -> str:
    """Of this edge: the machine's, with the port when several edges share it."""
    return f"{socket.gethostname()}:{settings.RUNTIME.state().get('https', settings.HTTPS_PORT)}"[:80]


def stopped_by_signal() -> threading.Event:
    """Set by SIGTERM and SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
