"""`garant init`."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from psycopg import conninfo

from garant.drivers.pglaunch import Cluster
from garant.kernel.errors import ConfigurationError, InputError
from garant.project import configuration, provision
from garant.project.configuration import Configuration
from garant.project.provision import SOURCES, Administrator
from garant.project.runtime import Runtime
from garant.project.supervisor import ready
from garant.project.supervisor.plan import python_user

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

EXAMPLE = """# What the operator decides about this deployment. Every key may be left out; the value shown is then used.
# A key that is not known is refused, with its line: a typing error must not silently weaken a setting.

[operator]
# name = "{operator}"   # yours: it stands on the trust page and on every sign-in page

[addresses]
base = "{base}"          # the trust page and the operator's console; organisations are <name>.<base>
https = {https}
http = {http}                     # only redirects to https

[tls]
profile = "{profile}"     # modern | intermediate | legacy (only when a statement promises browsers of 2013)
# certificate = "fullchain-and-key.pem"   # for <base> and *.<base>; without it a local authority makes one, for development

[statements]
publish = ["aso"]             # slugs of the catalogue, or files of your own beside this one: "ours.toml" (docs/statement.md)

[journal]
days = {days}                    # how long lines of the access journal are kept: 31 to 3660

[vault]
# root = "file"                           # or age, pkcs11, transit, aws, azure, each with its parameters (docs/key-stores.md)
# backups = "/srv/garant-keys"            # a backup of the key store every day, on another disk, owned by the service user (docs/vault.md)
# recipients = ["garant-share:…", "garant-share:…", "garant-share:…"]   # who holds shares of keys pending destruction
# threshold = 2                           # so many of them bring keys back
# days = 180                              # from an executed order to the destruction of an organisation's keys

[application]
# name = "surveys"
# upstream = "127.0.0.1:8000"             # or "unix:/run/app.sock"; without it the example survey application is protected
# user = "www-data"                       # who runs it: may reach the keyring, to seal its data (docs/sdk.md)
# routes = ["/public/ public", "/login/ login", "/admin/ member admin"]   # longest prefix wins; what is not named is "member"
"""

START = "systemctl daemon-reload && systemctl enable --now garant.target"

UNIT = """[Unit]
Description=Garant: {text}
After=network-online.target postgresql.service garant-settle.service
Wants=network-online.target garant-settle.service
PartOf=garant.target

[Service]
{before}ExecStart={command}
{environment}
User={user}
Group=garant
UMask=0007
WorkingDirectory=/
Restart=always
RestartSec=1
NoNewPrivileges=true
PrivateTmp=true
ProtectSystem=strict
ProtectHome=true
ReadWritePaths={data}

[Install]
WantedBy=garant.target
"""

ONCE = """[Unit]
Description=Garant: {text}
After=network-online.target postgresql.service{after}
Wants=network-online.target
{requires}PartOf=garant.target

[Service]
Type=oneshot
RemainAfterExit=yes
{commands}
{environment}
User={user}
Group={group}
UMask={umask}
WorkingDirectory=/
TimeoutStartSec=15min
PrivateTmp=true
ProtectHome=true
"""
"""A step before the processes: tables by root (the owner's password is root's), then what `garant settle` does, by the service user."""

TARGET = """[Unit]
Description=Garant
Wants={units}

[Install]
WantedBy=multi-user.target
"""


@app.command()
def init(
    data: Annotated[Path | None, typer.Option(help="Data directory, made when absent.")] = None,  # noqa: ARG001 - read in main
    systemd: Annotated[
        Path | None, typer.Option(help="Also write systemd units into this directory (- prints them); needs GARANT_DATABASE_URL.")
    ] = None,
    example: Annotated[bool, typer.Option("--print", help="Only print a commented garant.toml.")] = False,
) -> None:
    """Write a commented garant.toml, make directories, secrets, database roles and tables. Safe to repeat; overwrites nothing.

    With GARANT_DATABASE_URL=postgresql://admin:word@host:5432/garant the roles and tables are made there by that administrator, whose
    password no process sees afterwards; without a user in it, make these roles yourself with the passwords in DATA/secrets:
    garant_owner, garant_web, garant_worker, garant_edge, and for the example application (in a database sondage that sondage_owner owns)
    sondage_owner, sondage, garant_data (granted sondage) and garant_priv (granted to sondage_owner). Without the variable
    the embedded PostgreSQL is made ready, then stopped.

    Exit codes: 0 done; 2 something is in the way, said in one line.
    """
    if example:
        print(toml(), end="")
        return
    if systemd is not None:
        _check_units()
    place = Path(os.environ["GARANT_DATA"])
    config = Path(os.environ.get("GARANT_CONFIG", place / "garant.toml"))
    runtime = provision.prepare(place, configuration.load(config).application)
    if not config.exists():
        config.write_text(toml(), encoding="utf-8")
        print(f"wrote {config}: read it, change what you need")
    made = configuration.load(config)
    _database(place, runtime, made)
    if systemd is not None:
        write_units(systemd, place, made)
    else:
        print(f"{place} is ready; start with: garant up --data {place}")


def toml() -> str:
    """A commented garant.toml with the defaults."""
    default = Configuration()
    return EXAMPLE.format(**{**vars(default), "profile": default.tls_profile, "days": default.journal_days})


def write_units(directory: Path, data: Path, made: Configuration) -> None:
    """The units of every process but PostgreSQL, and the ports that they share."""
    url = os.environ["GARANT_DATABASE_URL"]
    runtime = Runtime(data)
    ports = {"https": made.https, "http": made.http, "collector": runtime.state().get("collector") or ready.free_port()}
    runtime.write_state({**runtime.state(), "database": provision.database_of(url), **ports})
    texts = units(data, made, url=provision.without_administrator(url))
    for name, text in texts.items():
        if str(directory) == "-":
            print(f"# {name}\n{text}")
        else:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(text, encoding="utf-8")
    if str(directory) != "-":
        print(f"{data} is ready, and {len(texts)} units are in {directory}; next: {START}")


def _check_units() -> None:
    """Before anything is made: raises InputError where units could not run."""
    user, _, warning = python_user()
    if not os.environ.get("GARANT_DATABASE_URL", ""):
        raise InputError(
            "units need a PostgreSQL of the system: set GARANT_DATABASE_URL=postgresql://admin:word@host:5432/garant, then try again "
            "(the embedded one runs under `garant up` only); nothing was made"
        )
    if user is None:
        raise InputError(warning.removeprefix("WARNING: ") or "run garant init --systemd as root")


def units(data: Path, made: Configuration, *, url: str) -> dict[str, str]:
    """File name to text. Each process may run any number of times, on any number of machines."""
    granian = f"{sys.executable} -m granian --interface wsgi --uds-permissions 0o660 --no-ws --workers 1"
    garant = f"{sys.executable} -m garant"
    run = data / "run"
    commands = {
        "web": ("web", f"{granian} --blocking-threads 8 --uds {run}/web.sock garant.project.wsgi:application", "web pages"),
        "decision": (
            "web",
            f"{granian} --blocking-threads 4 --uds {run}/decide.sock garant.project.wsgi_decision:application",
            "answers to the edge",
        ),
        "keyring": (
            "web",
            f"{granian} --blocking-threads 4 --uds {data}/keyring/keys.sock garant.project.wsgi_keyring:application",
            "keys of the application's sealed data",
        ),
        "worker": ("worker", f"{garant} worker", "jobs and measures"),
        "prober": ("worker", f"{garant} worker --queue probe", "measures from outside"),
        "collector": ("edge", f"{garant} edge collector", "access journal"),
        "agent": ("edge", f"{garant} edge agent", "policy to the edge"),
        "edge": ("", f"/usr/sbin/haproxy -Ws -S {run}/master.sock,mode,660,group,garant -f {run}/haproxy.cfg", "edge"),
    }
    shared = {"GARANT_DATA": str(data), "GARANT_DATABASE_URL": url, "PYTHONPATH": str(SOURCES)}
    if made.path is not None:
        shared["GARANT_CONFIG"] = str(made.path)
    if theirs := os.environ.get("GARANT_APPLICATION_DATABASE", ""):
        if "password" in conninfo.conninfo_to_dict(theirs):
            raise InputError(
                "GARANT_APPLICATION_DATABASE has a password in it, which a unit would show: the one in secrets/database-data is used"
            )
        shared["GARANT_APPLICATION_DATABASE"] = theirs
    sockets = {"web": run / "web.sock", "decision": run / "decide.sock", "keyring": data / "keyring" / "keys.sock"}
    texts = {}
    for name, (role, command, text) in commands.items():
        held = {**shared, "GARANT_ROLE": role} if role else {}
        if name in ("decision", "keyring"):
            held["DJANGO_SETTINGS_MODULE"] = f"garant.project.settings.{name}"
        lines = "\n".join(f'Environment="{key}={value}"' for key, value in held.items())
        user = "root" if name == "edge" else "garant"
        # A process that was killed leaves its socket behind, and the next one would stumble over it.
        before = f"ExecStartPre=/bin/rm -f {sockets[name]}\n" if name in sockets else ""
        # The worker saves the key store; a place that is not there yet must not keep it from starting.
        writes = f"{data} -{made.vault.backups}" if name == "worker" and made.vault.backups else data
        texts[f"garant-{name}.service"] = UNIT.format(before=before, text=text, command=command, environment=lines, user=user, data=writes)
    texts |= _steps(shared)
    texts["garant.target"] = TARGET.format(units=" ".join(sorted(texts)))
    return texts


def _steps(shared: Mapping[str, str]) -> dict[str, str]:
    """The units that run once before the processes."""
    texts = {}
    env, interpreter = "/usr/bin/env", f"{sys.executable} -m garant"
    plain = "\n".join(f'Environment="{key}={value}"' for key, value in shared.items())
    steps = [f"{env} GARANT_ROLE=web {interpreter} settle people --no-demo"]
    steps += [f"-{env} GARANT_ROLE=worker {interpreter} settle statements", f"{env} GARANT_ROLE=edge {interpreter} edge prepare"]
    texts["garant-prepare.service"] = ONCE.format(
        text="secrets and tables",
        after="",
        requires="",
        commands=f"ExecStart={interpreter} init",
        environment=plain,
        user="root",
        group="root",
        umask="0022",
    )
    texts["garant-settle.service"] = ONCE.format(
        text="tenants, statements and the edge's files",
        after=" garant-prepare.service",
        requires="Requires=garant-prepare.service\n",
        commands="\n".join(f"ExecStart={step}" for step in steps),
        environment=plain,
        user="garant",
        group="garant",
        umask="0007",
    )
    return texts


def _database(data: Path, runtime: Runtime, made: Configuration) -> None:
    url = os.environ.get("GARANT_DATABASE_URL", "")
    example = not made.application.upstream
    if url:
        administrator = provision.administrator_of(url)
        if administrator is not None:
            provision.make_roles(administrator, runtime, database=provision.database_of(url), example=example)
        provision.migrate(data)
        return
    if not os.access(data, os.W_OK):
        raise ConfigurationError(f"{data} cannot be written")
    cluster = Cluster(data / "pg", password=runtime.secret("database-superuser"), log=data / "logs" / "postgres.log")
    cluster.start(say=lambda sentence: print(sentence, file=sys.stderr))
    try:
        runtime.write_state({**runtime.state(), "database_socket": str(cluster.socket), "database_port": cluster.port})
        administrator = Administrator(str(cluster.socket), cluster.port, "postgres", runtime.secret("database-superuser"))
        provision.make_roles(administrator, runtime, example=example, alone=True)
        provision.migrate(data)
    finally:
        cluster.stop()
