"""Which processes a deployment has, in the order in which they start.

| name        | serves                                  | database role |
|-------------|-----------------------------------------|---------------|
| application | <data>/app/app.sock (or the operator's)  | its own       |
| web         | <run>/web.sock                          | web           |
| decision    | <run>/decide.sock                       | web           |
| keyring     | <data>/keyring/keys.sock                | web           |
| worker      | jobs, the keep loop                     | worker        |
| prober      | measures that look from outside         | worker        |
| seeker      | looks where measures ask, as root       | superuser     |
| collector   | the edge's log, TCP on the loopback     | edge          |
| agent       | the edge's files, maps and revocations  | edge          |
| haproxy     | the public ports                        | none          |

Python runs as the service user when that user can execute the interpreter, the application as a user of its own that can read nothing of
Garant's; HAProxy drops to the service user by itself, its master keeps the ports (docs/adr/0013).
"""

import grp
import os
import pwd
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from garant.drivers.process import APPLICATION_USER, MIGRATING_USER, PLAIN_ENVIRONMENT, drop, reachable, service_user
from garant.project import application_database, provision
from garant.project.configuration import Configuration
from garant.project.runtime import Runtime
from garant.project.supervisor import ready
from garant.project.supervisor.child import Program

SETTINGS = "garant.project.settings"
EXAMPLE = provision.SOURCES.parent / "examples" / "sondage"
LONGEST_PATH = 90
"""Bytes of a socket's path; the kernel takes 107, HAProxy adds its process number while it binds."""


@dataclass(frozen=True)
class Plan:
    """Everything that the processes of one deployment share. `collector`: TCP port of the loopback."""

    runtime: Runtime
    configuration: Configuration
    collector: int
    https: int
    http: int
    user: pwd.struct_passwd | None
    group: grp.struct_group | None
    application: pwd.struct_passwd | None = None
    """Who runs the example application; None: who runs the rest."""
    without: frozenset[str] = frozenset()
    """Names of processes that are not started."""

    def environment(self, role: str, *, settings: str = SETTINGS) -> dict[str, str]:
        """The whole environment of a Python process; nothing is inherited but proxies of no one."""
        url = os.environ.get("GARANT_DATABASE_URL", "")
        made = {
            **PLAIN_ENVIRONMENT,
            "GARANT_DATA": str(self.runtime.data),
            "GARANT_ROLE": role,
            "GARANT_HTTPS": str(self.https),
            "GARANT_HTTP": str(self.http),
            "GARANT_SUPERVISED": str(self.runtime.data),
            "DJANGO_SETTINGS_MODULE": settings,
            "PYTHONPATH": str(provision.SOURCES),
            "PYTHONUNBUFFERED": "1",
            "HOME": str(self.runtime.run),
        }
        if self.configuration.path is not None:
            made["GARANT_CONFIG"] = str(self.configuration.path)
        if url:
            made["GARANT_DATABASE_URL"] = provision.without_administrator(url)
        if theirs := os.environ.get("GARANT_APPLICATION_DATABASE", ""):
            made["GARANT_APPLICATION_DATABASE"] = theirs
        return made

    def programs(self) -> list[Program]:
        """Every process, in order of start."""
        run = self.runtime.run
        every = [
            *([] if self.configuration.application.upstream else [self._application()]),
            self._served("web", "", run / "web.sock", threads=8, target="/"),
            self._served("decision", "decision", run / "decide.sock", threads=4, target="/healthz"),
            self._served("keyring", "keyring", self.runtime.keyring_socket, threads=4, target="/healthz"),
            self._python("worker", "worker", "worker"),
            self._python("prober", "worker", "worker", "--queue", "probe"),
            *([] if os.environ.get("GARANT_DATABASE_URL") else [self._seeker()]),
            self._python("collector", "edge", "edge", "collector"),
            self._python("agent", "edge", "edge", "agent"),
            self._haproxy(),
        ]
        return [each for each in every if each.name not in self.without]

    def _seeker(self) -> Program:
        """With the supervisor's own rights: it reads the database's files, a dump, the application's files (see `cli/seek.py`)."""
        return Program(name="seeker", command=(sys.executable, "-m", "garant", "seek"), environment=self.environment("worker"))

    def helper(self, name: str, role: str, *words: str) -> Program:
        """A `garant` command of this deployment that runs once."""
        return self._python(name, role, *words)

    def _python(self, name: str, role: str, *words: str) -> Program:
        return Program(
            name=name,
            command=(sys.executable, "-m", "garant", *words),
            environment=self.environment(role),
            user=self.user,
            group=self.group,
            ready=(lambda: ready.accepts_on(self.collector)) if name == "collector" else None,
        )

    def _granian(self, application: str, path: Path, *, threads: int) -> tuple[str, ...]:
        start = (sys.executable, "-m", "granian", "--interface", "wsgi", "--uds", str(path), "--uds-permissions", "0o660", "--no-ws")
        return (*start, "--workers", "1", "--blocking-threads", str(threads), "--workers-kill-timeout", "10", application)

    def _served(self, name: str, variant: str, path: Path, *, threads: int, target: str) -> Program:
        """A Django process behind a Unix socket. `variant`: which of our WSGI modules and settings, '' for the pages."""
        module = f"garant.project.wsgi{variant and f'_{variant}'}:application"
        return Program(
            name=name,
            command=self._granian(module, path, threads=threads),
            environment=self.environment("web", settings=f"{SETTINGS}{variant and f'.{variant}'}"),
            user=self.user,
            group=self.group,
            sockets=(path,),
            ready=lambda: 0 < ready.status_over_socket(path, target) < 500,
        )

    def example(self, *words: str) -> Program:
        """A management command of the example application, run once."""
        return Program(
            name=f"application-{words[0]}",
            command=(sys.executable, str(EXAMPLE / "manage.py"), *words),
            environment=self._example_environment(),
            user=self.application or self.user,
            group=self.group,
        )

    def example_as_owner(self, *words: str) -> Program:
        """A command that changes the example's tables: alone it holds the owner's password, as a user that runs nothing else.

        The running application could read the environment of a process of its own user.
        """
        home = self.runtime.data / "migrate"
        return Program(
            name=f"application-{words[0]}",
            command=(sys.executable, str(EXAMPLE / "manage.py"), *words),
            environment={
                **self._example_environment(),
                "HOME": str(home),
                "SONDAGE_DATA": str(home),
                "SONDAGE_DATABASE_USER": application_database.OWNER,
                "SONDAGE_DATABASE_PASSWORD": self.runtime.secret(application_database.SECRETS[application_database.OWNER]),
                "SONDAGE_DATABASE_PASSWORD_FILE": "",
            },
            user=self._migrating_user(),
            group=self.group,
        )

    def map_of_example(self) -> Program:
        """Puts the example's data map in force, once its tables are what they should be. It alone holds the owner's password."""
        data_map = EXAMPLE / "garant-map.yaml"
        if self.configuration.application.map and self.configuration.path is not None:
            data_map = self.configuration.path.parent / self.configuration.application.map
        given = self._example_environment()
        key = given["SONDAGE_CONTEXT_KEY_FILE"]
        return Program(
            name="application-map",
            command=(sys.executable, "-m", "garant.project.application_map", str(data_map), application_database.APPLICATION, key),
            environment={
                **PLAIN_ENVIRONMENT,
                "GARANT_SUPERVISED": str(self.runtime.data),
                "HOME": str(self.runtime.data / "migrate"),
                "PYTHONPATH": str(provision.SOURCES),
                "PGHOST": given["SONDAGE_DATABASE_HOST"],
                "PGPORT": given["SONDAGE_DATABASE_PORT"],
                "PGDATABASE": application_database.APPLICATION,
                "PGUSER": application_database.OWNER,
                "PGPASSWORD": self.runtime.secret(application_database.SECRETS[application_database.OWNER]),
            },
            user=self._migrating_user(),
            group=self.group,
        )

    def _migrating_user(self) -> pwd.struct_passwd | None:
        """In the application's group, so that a migration may seal what was held in clear."""
        user = service_user(MIGRATING_USER) if self.user else None
        if user is None or self.application is None:
            return user
        return pwd.struct_passwd((*user[:3], self.application.pw_gid, *user[4:]))

    def _application(self) -> Program:
        path = self.runtime.application_socket
        return Program(
            name="application",
            command=self._granian("sondage.wsgi:application", path, threads=4),
            environment=self._example_environment(),
            user=self.application or self.user,
            group=self.group,
            sockets=(path,),
            ready=lambda: 0 < ready.status_over_socket(path, "/healthz") < 500,
        )

    def _example_environment(self) -> dict[str, str]:
        """The application knows its own database and the edge's public key, and nothing of Garant's.

        It comes to the database over the loopback: the directory of the socket is the service user's.
        """
        server = urlsplit(os.environ.get("GARANT_DATABASE_URL", ""))
        return {
            **PLAIN_ENVIRONMENT,
            "DJANGO_SETTINGS_MODULE": "sondage.settings",
            "GARANT_SUPERVISED": str(self.runtime.data),
            "HOME": str(self.runtime.data / "sondage"),
            "PYTHONPATH": f"{EXAMPLE}:{provision.SOURCES}",
            "PYTHONUNBUFFERED": "1",
            "SONDAGE_APPLICATION": self.configuration.application.name,
            "SONDAGE_DATA": str(self.runtime.data / "sondage"),
            "SONDAGE_DATABASE_HOST": server.hostname or "127.0.0.1",
            "SONDAGE_DATABASE_PASSWORD_FILE": str(self.runtime.data / "secrets" / "database-sondage"),
            "SONDAGE_DATABASE_PORT": str((server.port or 5432) if server.hostname else self.runtime.database_port()),
            "SONDAGE_CONTEXT_KEY_FILE": str(self.runtime.data / "secrets" / f"context-{self.configuration.application.name}"),
            "SONDAGE_KEYRING": str(self.runtime.keyring_socket),
            "SONDAGE_KEYRING_TOKEN_FILE": str(self.runtime.data / "secrets" / f"keyring-{self.configuration.application.name}"),
            "SONDAGE_HOSTS": f".{self.configuration.base},127.0.0.1",
            "SONDAGE_KEYS": str(self.runtime.data / "assertion" / "public.json"),
        }

    def _haproxy(self) -> Program:
        run = self.runtime.run
        owner = f",mode,660,group,{self.group.gr_name}" if self.group else ",mode,600"
        return Program(
            name="haproxy",
            command=("haproxy", "-W", "-S", f"{run}/master.sock{owner}", "-f", f"{run}/haproxy.cfg"),
            environment={**PLAIN_ENVIRONMENT, "GARANT_SUPERVISED": str(self.runtime.data)},
            needs=(run / "haproxy.cfg",),
            ready=lambda: 0 < ready.status_through_edge(self.https, self.configuration.base) < 500,
            stop_signal=signal.SIGTERM,
            directory=run,
        )


def python_user() -> tuple[pwd.struct_passwd | None, grp.struct_group | None, str]:
    """Who Garant's own processes run as: user, group, and a warning when they must stay root."""
    user = service_user()
    if user is None:
        return None, None, ""
    group = grp.getgrgid(user.pw_gid)
    if can_run_python(user):
        return user, group, ""
    root = provision.SOURCES.parent
    mend = (
        f"Remove {root / '.venv'} and run ./garant again: it takes /usr/bin/python3"
        if reachable(provision.SOURCES, user)
        else "Install under a directory that every user can enter, for example /opt/garant"
    )
    return (
        None,
        group,
        f"WARNING: the system user {user.pw_name} cannot execute {sys.executable} (a closed directory is above it), so Garant's own "
        f"processes and the example application run as ROOT: fit for a look, not for a service. {mend}; PostgreSQL and HAProxy do drop.",
    )


def application_user(python: pwd.struct_passwd | None) -> tuple[pwd.struct_passwd | None, str]:
    """Who the example application runs as, and what is in the way. `python`: who Garant's own processes run as.

    Where those drop their privileges, the application has a user of its own or does not run at all: as root or as the service user
    it could read the keys.
    """
    user = service_user(APPLICATION_USER)
    if python is None or user is None or can_run_python(user):
        return user if python is not None else None, ""
    return (
        user,
        f"ERROR: the system user {user.pw_name} cannot execute {sys.executable}, so the example application does not run: let every user "
        f"enter and read {provision.SOURCES.parent} (chmod o+rX), then start again.",
    )


def can_run_python(user: pwd.struct_passwd) -> bool:
    """Whether this user can execute our interpreter and read our programs; tried, so everything that closes a directory counts."""
    asked = subprocess.run(
        ["/usr/bin/env", sys.executable, "-c", "import garant.kernel.clock, django"],
        cwd="/",
        env={**PLAIN_ENVIRONMENT, "PYTHONPATH": str(provision.SOURCES), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        timeout=60,
        check=False,
        **drop(user),
    )
    return asked.returncode == 0


def check_paths(runtime: Runtime) -> str:
    """What is wrong with the length of the sockets' paths, or ''."""
    sockets = (
        *(runtime.run / name for name in ("decide.sock", "runtime.sock", "master.sock")),
        runtime.application_socket,
        runtime.keyring_socket,
    )
    longest = max(len(os.fsencode(path)) for path in sockets)
    return f"{runtime.data} is too long a path for Unix sockets ({longest} bytes, {LONGEST_PATH} at most)" if longest > LONGEST_PATH else ""
