"""`garant doctor`."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import psycopg
import typer
from cryptography import x509

from garant.data.policy import places
from garant.drivers.process import PLAIN_ENVIRONMENT, alive, reachable, service_user
from garant.kernel.clock import SystemClock
from garant.kernel.errors import ConfigurationError, EngineError
from garant.project import configuration, provision
from garant.project.cli.doctor_keys import keys
from garant.project.configuration import Configuration
from garant.project.provision import SOURCES, Administrator
from garant.project.runtime import Runtime
from garant.project.supervisor import ready
from garant.project.supervisor.plan import python_user

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
LEAST_SPACE = 512 * 1024 * 1024
SOON = 30
"""Days before the end of a word at which somebody is told."""
NEAR_END = timedelta(days=14)


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `grade`: ok, warning or error. `advice`: what to do, empty when nothing is to be done."""

    subject: str
    grade: str
    text: str
    advice: str = ""


@app.command()
def doctor(
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,  # noqa: ARG001 - read in main
    json_: Annotated[bool, typer.Option("--json", help="One JSON list on standard output.")] = False,
) -> None:
    """Look at everything that Garant needs and say in words what is wrong and what to do. Changes nothing.

    Exit codes: 0 nothing is wrong (warnings at most); 1 something is; 2 it could not look.
    """
    place = Path(os.environ["GARANT_DATA"])
    found = list(examine(place, SystemClock().now()))
    if json_:
        print(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=1))
    else:
        for each in found:
            print(f"{each.grade:<8} {each.subject:<14} {each.text}" + (f"\n{'':<24}-> {each.advice}" if each.advice else ""))
    raise typer.Exit(1 if any(each.grade == "error" for each in found) else 0)


def examine(data: Path, now: datetime) -> Iterator[Finding]:
    """Every finding, in the order in which things depend on one another."""
    try:
        made = configuration.load(Path(os.environ.get("GARANT_CONFIG", data / "garant.toml")))
        yield Finding("configuration", "ok", f"{made.path} is {'read' if made.path and made.path.exists() else 'absent: defaults hold'}")
    except ConfigurationError as error:
        yield Finding("configuration", "error", str(error), "correct that line; `garant init` writes a commented example")
        return
    yield from _register(made, now)
    yield from _programs()
    yield from _catalogues()
    if not data.exists():
        yield Finding("data", "warning", f"{data} does not exist yet", "`garant up` makes it")
        return
    runtime = Runtime(data)
    made = made.with_ports(https=int(runtime.state().get("https", 0)), http=int(runtime.state().get("http", 0)))
    yield from _place(data)
    running = alive(int(runtime.state().get("supervisor", 0) or 0))
    yield from _processes(runtime, running=running)
    yield from _sealing(runtime, made, running=running)
    yield from (Finding("keys", *seen) for seen in keys(data, made, now))
    yield from _application(made)
    for step, why in runtime.troubles().items():
        known = {"statements": (f"not in force: {why}", "correct it, then: garant settle statements")}
        yield Finding(step, "warning", *known.get(step, (why, "")))
    yield from _ports(made, running=running)
    yield from _certificate(made, data, now)
    yield from _database(runtime, now, running=running)


def _register(made: Configuration, now: datetime) -> Iterator[Finding]:
    """Places: mistakes of the register, and words that end soon."""
    path = made.path.with_name("places.toml") if made.path else None
    if path is None or not path.exists():
        said = "no places.toml: sentences about where data are cannot be proven"
        yield Finding("places", "warning", said, "docs/places.md says how to write one")
        return
    try:
        register = places.parse(path.read_text(encoding="utf-8"), name=str(path))
    except (OSError, UnicodeDecodeError, ConfigurationError) as error:
        yield Finding("places", "error", str(error), "correct these lines; the former register stays in force")
        return
    yield Finding("places", "ok", f"{path} has {len(register.sites)} sites and {len(register.stores)} stores")
    words = [(site.key, site.word) for site in register.sites.values()] + [(store.key, store.word) for store in register.stores.values()]
    for name, word in words:
        if word is None:
            continue
        left = (word.until - now).days
        if left < SOON:
            grade, said = ("error", "has ended") if left < 0 else ("warning", f"ends in {left} days")
            yield Finding(
                "places", grade, f"the word of {word.by} on {name} {said}", "ask them for a new one and write it into places.toml"
            )


def _programs() -> Iterator[Finding]:
    if shutil.which("haproxy", path=PLAIN_ENVIRONMENT["PATH"]) is None:
        yield Finding("edge", "error", "the program haproxy is not installed", "apt-get install haproxy, or run ./garant up as root")
    else:
        said = subprocess.run(["haproxy", "-v"], env=PLAIN_ENVIRONMENT, capture_output=True, text=True, timeout=10, check=False).stdout
        version = re.search(r"version (\d+)\.(\d+)", said)
        old = version is None or (int(version[1]), int(version[2])) < (2, 6)
        yield Finding(
            "edge",
            "error" if old else "ok",
            said.splitlines()[0] if said else "haproxy tells no version",
            "install 2.6 or later" if old else "",
        )
    _, _, warning = python_user()
    if warning:
        yield Finding("privileges", "warning", warning.removeprefix("WARNING: "), "move the installation, then start again")


def _catalogues() -> Iterator[Finding]:
    stale = [path for path in (SOURCES / "garant" / "locale").rglob("*.po") if not path.with_suffix(".mo").exists()]
    if stale:
        yield Finding("languages", "error", f"{len(stale)} message catalogues are not compiled", "run ./garant once more: it compiles them")
    else:
        yield Finding("languages", "ok", "message catalogues are compiled")


def _place(data: Path) -> Iterator[Finding]:
    user = service_user() if os.geteuid() == 0 else None
    if not reachable(data, user):
        yield Finding("data", "error", f"the service user cannot enter {data}", "choose another place, for example --data /var/lib/garant")
    if not os.access(data, os.W_OK):
        closed = os.statvfs(data).f_flag & os.ST_RDONLY
        why = "its disk is mounted read-only" if closed else "it belongs to another user"
        yield Finding("data", "error", f"{data} cannot be written: {why}", "choose another place with --data, or mount it for writing")
    left = shutil.disk_usage(data).free
    if left < LEAST_SPACE:
        yield Finding(
            "disk", "error", f"only {left // 2**20} MiB are left for {data}", "free some space: PostgreSQL stops writing when there is none"
        )
    else:
        yield Finding("disk", "ok", f"{left // 2**30} GiB are free for {data}")
    for path in sorted((data / "secrets").glob("*")):
        if path.stat().st_mode & 0o007:
            yield Finding("permissions", "error", f"{path} can be read by everybody", f"chmod o-rwx {path}; then think about changing it")


def _processes(runtime: Runtime, *, running: bool) -> Iterator[Finding]:
    state = runtime.state()
    if not running:
        yield Finding("processes", "warning", "Garant is not running on this data directory", "start it with `garant up`")
        return
    for name, facts in state.get("processes", {}).items():
        log = runtime.data / "logs" / f"{name}.log"
        if facts["state"] != "serving":
            yield Finding(
                name, "error", f"the process is {facts['state']}, started {facts['restarts'] + 1} times", f"its log says why: {log}"
            )
        elif facts["restarts"]:
            yield Finding(name, "warning", f"serves, but died {facts['restarts']} times since the start", f"look into {log}")
        else:
            yield Finding(name, "ok", "serves")


def _sealing(runtime: Runtime, made: Configuration, *, running: bool) -> Iterator[Finding]:
    """Whether the protected application can reach the keyring, and the keyring its database."""
    if made.application.upstream and not made.application.user:
        text = f"the application {made.application.name} cannot reach the keyring: it can seal nothing"
        yield Finding("sealing", "warning", text, "name the system user that runs it as application.user in garant.toml, then start again")
        return
    if not (runtime.data / "secrets" / f"keyring-{made.application.name}-digest").exists():
        yield Finding("sealing", "warning", f"the application {made.application.name} has no token", "run `garant init`, or start again")
        return
    if not runtime.keyring_socket.exists():
        return
    status = ready.status_over_socket(runtime.keyring_socket, "/healthz")
    if status == 200:
        yield Finding("sealing", "ok", "the keyring answers the application")
    else:
        grade = "error" if running else "warning"
        text = f"the keyring does not answer ({status or 'nobody listens'}): what is sealed can be neither read nor written"
        yield Finding("sealing", grade, text, f"its log: {runtime.data / 'logs' / 'keyring.log'}")


def _application(made: Configuration) -> Iterator[Finding]:
    """Whether something listens where garant.toml says that the application is; the example is one of the processes."""
    upstream = made.application.upstream
    if not upstream:
        return
    try:
        _knock(upstream)
    except OSError as error:
        yield Finding(
            "application",
            "error",
            f"nothing answers at {upstream}: {error.strerror or error}",
            "start the application, or correct application.upstream in garant.toml",
        )
    else:
        yield Finding("application", "ok", f"listens at {upstream}")


def _knock(upstream: str) -> None:
    if upstream.startswith("unix:"):
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(3)
            link.connect(upstream.removeprefix("unix:"))
        return
    host, _, port = upstream.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), 3).close()


def _ports(made: Configuration, *, running: bool) -> Iterator[Finding]:
    for option, port in (("https", made.https), ("http", made.http)):
        holder = ready.holder_of_port(port)
        if running and not holder:
            yield Finding("ports", "error", f"nobody listens on port {port}", "see the log haproxy.log")
        elif not running and holder:
            yield Finding(
                "ports",
                "error",
                f"port {port} is in use by {holder}",
                f"choose another with --{option} or addresses.{option} in garant.toml",
            )
        else:
            yield Finding("ports", "ok", f"port {port} is {'open' if running else 'free'}")


def _certificate(made: Configuration, data: Path, now: datetime) -> Iterator[Finding]:
    given = (made.path.parent / made.certificate) if made.certificate and made.path else None
    places = [given] if given else sorted((data / "run" / "certs").glob("*"))
    for path in places:
        try:
            found = x509.load_pem_x509_certificate(path.read_bytes())
        except (OSError, ValueError) as error:
            yield Finding(
                "certificate", "error", f"{path} cannot be read: {error}", "give a PEM file with chain and key as tls.certificate"
            )
            continue
        left = found.not_valid_after_utc - now
        if left < NEAR_END:
            grade = "error" if left < timedelta() else "warning"
            yield Finding(
                "certificate",
                grade,
                f"{path.name} {'ended' if grade == 'error' else 'ends'} on {found.not_valid_after_utc:%Y-%m-%d}",
                "renew it; one of the local authority is renewed by the agent",
            )
        else:
            yield Finding("certificate", "ok", f"{path.name} is valid for {left.days} days")


def _database(runtime: Runtime, now: datetime, *, running: bool) -> Iterator[Finding]:
    url = os.environ.get("GARANT_DATABASE_URL", "")
    if not running and not url:
        return
    try:
        with _server(runtime, url).connect(provision.database_of(url) if url else runtime.database_name()) as session:
            [clock] = session.execute("select clock_timestamp()").fetchone() or [now]
            yield _clock(now, clock)
            yield _losses(session)
    except (EngineError, psycopg.Error) as error:
        yield Finding("database", "error", str(error).strip(), _where_to_look(runtime, url))
        return
    done = subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--check"],
        cwd="/",
        env={
            **PLAIN_ENVIRONMENT,
            **{name: value for name, value in os.environ.items() if name.startswith("GARANT_")},
            **({"GARANT_DATABASE_URL": provision.without_administrator(url)} if url else {}),
            "GARANT_ROLE": "web",
            "DJANGO_SETTINGS_MODULE": "garant.project.settings",
            "PYTHONPATH": str(SOURCES),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        yield Finding(
            "database", "error", "tables are older than the programs", "stop and start `garant up`, or run `garant init`: it migrates"
        )
    else:
        yield Finding("database", "ok", "answers; its tables are up to date")


def _server(runtime: Runtime, url: str) -> Administrator:
    """The database as the edge's role sees it: the embedded one, or the one that the URL names."""
    parts = urlsplit(url)
    host, port = (parts.hostname or "127.0.0.1", parts.port or 5432) if url else (str(runtime.database_socket()), runtime.database_port())
    return Administrator(host, port, "garant_edge", runtime.secret("database-edge"))


def _where_to_look(runtime: Runtime, url: str) -> str:
    return "see whether GARANT_DATABASE_URL is right and that server runs" if url else f"its log: {runtime.data / 'logs' / 'postgres.log'}"


def _clock(now: datetime, theirs: object) -> Finding:
    assert isinstance(theirs, datetime)
    apart = abs(theirs - now)
    if apart > timedelta(seconds=2):
        return Finding(
            "clock", "error", f"the database's clock is {apart.total_seconds():.0f} s apart", "synchronise both machines (chrony)"
        )
    return Finding("clock", "ok", "the database and this machine agree on the time")


def _losses(session: "psycopg.Connection[tuple[object, ...]]") -> Finding:
    row = session.execute(
        "select coalesce(sum(missing + dropped + unwritten + unreadable), 0) from edge_loss where minute > now() - interval '1 day'"
    ).fetchone()
    lost = int(str(row[0])) if row else 0
    if lost:
        return Finding(
            "journal", "warning", f"{lost} lines of the access journal were lost in a day", "see the console; is the collector up?"
        )
    return Finding("journal", "ok", "no line of the access journal was lost in a day")
