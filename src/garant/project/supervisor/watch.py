"""The whole of a deployment on one machine, from nothing to serving, and to a clean end.

    Supervisor(data, configuration, say=print).up()      # returns when asked to stop (SIGINT, SIGTERM)

Order: lock, ports, PostgreSQL, roles and tables, settlement (tenants, statements, keys), processes, watching. What is waited for is
said. Every death is said in a sentence and in <data>/logs/supervisor.log; a dead process is started again, a dead PostgreSQL too.
"""

import contextlib
import hashlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg

from garant.drivers.pglaunch import Cluster
from garant.drivers.process import Deadline, Hold, cause, with_environment
from garant.kernel.canonical import moment
from garant.kernel.clock import Clock, SystemClock
from garant.kernel.errors import ConfigurationError, EngineError
from garant.project import provision
from garant.project.configuration import Configuration
from garant.project.runtime import Runtime
from garant.project.supervisor import ready
from garant.project.supervisor.child import LONGEST_PAUSE, Child, Program
from garant.project.supervisor.plan import Plan, application_user, check_paths, python_user
from garant.project.supervisor.sockets import Sockets
from garant.project.supervisor.volumes import require_encrypted

PATIENCE = 90.0
"""Seconds until a process that does not serve is called an error, in words. It is tried on all the same."""
LOW, FULL = 256 * 1024 * 1024, 16 * 1024 * 1024
"""Bytes left on the disk under which a person is told."""

Say = Callable[[str], None]


class Supervisor:
    """One deployment. `postgres_settings`: extra server settings (tests). `demo`: make the demonstration's tenants and people."""

    def __init__(
        self,
        data: Path,
        configuration: Configuration,
        *,
        say: Say,
        clock: Clock | None = None,
        demo: bool = True,
        postgres_settings: dict[str, str] | None = None,
    ) -> None:
        self.data = data
        self.configuration = configuration
        self.children: list[Child] = []
        self._say_aloud = say
        self._clock = clock or SystemClock()
        self._demo = demo
        self._postgres_settings = postgres_settings or {}
        self._lock = Hold(data / "lock")
        self._cluster: Cluster | None = None
        self._postgres_started: datetime | None = None
        self._postgres_restarts = 0
        self._postgres_next = self._clock.now()
        self._postgres_pause = timedelta(seconds=0.5)
        self._stopping = threading.Event()
        self._state: dict[str, Any] = {}
        self._written = ""
        self._disk_said = ""
        self._sockets = Sockets(data)
        self._write_failed = False
        self.troubles: list[str] = []
        """What failed while the deployment was settled: said again once everything serves."""

    def up(self, *, serving: Callable[[], None] = lambda: None) -> None:
        """Start everything, call `serving` once the edge answers, watch until asked to stop, stop everything."""
        with self._signals():
            try:
                self.start()
                if self._wait_until_serving():
                    serving()
                while not self._stopping.is_set():
                    self.tend()
                    time.sleep(0.2)
            except KeyboardInterrupt:
                pass
            finally:
                self.stop()

    @property
    def state(self) -> Mapping[str, Any]:
        """Addresses in use, as written to state.json."""
        return self._state

    def start(self) -> None:
        """Everything up to the start of the processes. Raises a GarantError that says what is in the way."""
        plan = self._prepare()
        logs = self.data / "logs"
        self.children = [Child(program, logs=logs, clock=self._clock, say=self.say) for program in plan.programs()]
        for child in self.children:
            child.tend()
        self._settle(plan)
        self.tend()

    def start_database_only(self) -> None:
        """The lock, PostgreSQL, roles and tables, and none of the other processes: maintenance, tests."""
        self._prepare()

    def _prepare(self) -> Plan:
        require_encrypted(self.data, self.configuration)
        runtime = provision.prepare(self.data, self.configuration.application)
        self._lock.take(what=f"the data directory {self.data}")
        self._end_stragglers()
        trouble = check_paths(runtime)
        if trouble:
            raise ConfigurationError(f"{trouble}; choose a shorter one with --data")
        self._check_ports()
        user, group, warning = python_user()
        own, trouble = application_user(user) if not self.configuration.application.upstream else (None, "")
        for sentence in filter(None, (warning, trouble)):
            self.say(sentence)
        self._state = {
            "database": "garant",
            "https": self.configuration.https,
            "http": self.configuration.http,
            "collector": ready.free_port(),
            "supervisor": os.getpid(),
            "settled": False,
            "processes": {},
        }
        self._start_database(runtime)
        self._clear_sockets(runtime)
        ports = self._state["collector"], self.configuration.https, self.configuration.http
        without = frozenset({"application"} if trouble else ())
        plan = Plan(runtime, self.configuration, *ports, user, group, application=own, without=without)
        self._write_state()
        return plan

    def tend(self) -> None:
        """One turn of watching."""
        self._tend_database()
        for child in self.children:
            child.tend()
        self._write_state()
        self._sockets.tend()
        self._look_at_disk()

    def stop(self) -> None:
        """End everything, the edge first, PostgreSQL last."""
        self._stopping.set()
        order = list(reversed(self.children))
        for child in order:
            child.ask_to_stop()
        for child in order:
            child.stop()
        self.children = []
        if self._cluster is not None:
            self._cluster.stop()
            self._cluster = None
        if self._state:
            self._state["processes"] = {}
            self._write_state()
            self.say("Everything has stopped.")
        self._lock.release()

    def say(self, sentence: str) -> None:
        """Aloud, and into the supervisor's log; a full disk does not keep it from being said."""
        self._say_aloud(sentence)
        with contextlib.suppress(OSError), (self.data / "logs" / "supervisor.log").open("a", encoding="utf-8") as log:
            log.write(f"{moment(self._clock.now())} {sentence}\n")

    def _settle(self, plan: Plan) -> None:
        """Tenants, people, statements, keys: what should be there before the first visit. Beside the starting processes.

        What fails is said, and the rest serves: a mistake in a statement must not take the application away. The former version of
        the statement stays in force.
        """
        self.say("Settling tenants, statements and keys")
        people = ("settle", "people", "--demo") if self._demo else ("settle", "people", "--no-demo")
        logs = self.data / "logs"
        running = [
            _Steps([plan.helper("settle-people", "web", *people)], logs, self._clock, self._trouble),
            _Steps([plan.helper("settle-statements", "worker", "settle", "statements")], logs, self._clock, self._trouble),
            *([_Steps([plan.helper("settle-map", "worker", "map", "record")], logs, self._clock, self._trouble)] if self._mapped else []),
        ]
        if any(child.program.name == "application" for child in self.children):
            tables = [plan.example_as_owner("migrate", "--no-input"), plan.map_of_example()]
            running.append(_Steps(tables, logs, self._clock, self._trouble))
            if self._demo:  # its texts are sealed by keys of organisations that the first step makes
                after = (running[0], running[-1])
                running.append(_Steps([plan.example("seed")], logs, self._clock, self._trouble, after=after))
        try:
            for _ in Deadline(180).tries(0.1):
                self.tend()
                if not [each for each in running if not each.advance()]:
                    self._state["settled"] = True
                    return
            self._trouble(f"ERROR: the deployment was not settled within three minutes; see {self.data / 'logs'}/settle-*.log")
        finally:
            for each in running:
                each.stop()

    @property
    def _mapped(self) -> bool:
        """Whether the application has a data map: the example's, or the one that garant.toml names."""
        application = self.configuration.application
        return bool(application.map) or not application.upstream

    def _trouble(self, sentence: str) -> None:
        self.troubles.append(sentence)
        self.say(sentence)

    def _wait_until_serving(self) -> bool:
        deadline, said = Deadline(PATIENCE), ""
        while not self._stopping.is_set():
            self.tend()
            missing = [child for child in self.children if not child.serves]
            if not missing:
                return True
            if deadline.passed():
                for child in missing:
                    words = cause(child.last_words(4000))[:500]
                    self.say(f"ERROR: the process {child.program.name} does not serve ({child.state}). Last words: {words}")
                return True
            names = ", ".join(child.program.name for child in missing)
            if names != said and deadline.left() < PATIENCE - 2:
                self.say(f"Waiting for {names}")
                said = names
            time.sleep(0.1)
        return False

    def _check_ports(self) -> None:
        for option, port in (("https", self.configuration.https), ("http", self.configuration.http)):
            holder = ready.holder_of_port(port)
            if holder:
                raise ConfigurationError(
                    f"port {port} is in use by {holder}: choose another with --{option} PORT, or addresses.{option} in garant.toml"
                )

    def _start_database(self, runtime: Runtime) -> None:
        url = os.environ.get("GARANT_DATABASE_URL", "")
        if url:
            self._use_server(url, runtime)
            return
        self._cluster = Cluster(
            self.data / "pg",
            password=runtime.secret("database-superuser"),
            log=self.data / "logs" / "postgres.log",
            settings=self._postgres_settings,
        )
        self._cluster.start(say=self.say)
        self._postgres_started = self._clock.now()
        self._state |= {"database_socket": str(self._cluster.socket), "database_port": self._cluster.port}
        self._write_state()
        administrator = provision.Administrator(
            str(self._cluster.socket), self._cluster.port, "postgres", runtime.secret("database-superuser")
        )
        self._bring_up_to_date(administrator, runtime, alone=True)

    def _use_server(self, url: str, runtime: Runtime) -> None:
        administrator = provision.administrator_of(url)
        if administrator is not None:
            self._bring_up_to_date(administrator, runtime, database=provision.database_of(url))
        else:
            self.say("Bringing the tables up to date")
            provision.migrate(self.data)

    def _bring_up_to_date(
        self, administrator: provision.Administrator, runtime: Runtime, database: str = "garant", alone: bool = False
    ) -> None:
        example = not self.configuration.application.upstream
        provision.make_roles(administrator, runtime, database=database, example=example, alone=alone)
        wanted = _schema_mark()
        with administrator.connect(database) as inside:
            found = inside.execute(
                "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", [database]
            ).fetchone()
        if found == (wanted,):
            return
        self.say("Bringing the tables up to date")
        provision.migrate(self.data)
        with administrator.connect(database) as inside:
            inside.execute(
                psycopg.sql.SQL("comment on database {} is {}").format(psycopg.sql.Identifier(database), psycopg.sql.Literal(wanted))
            )

    def _tend_database(self) -> None:
        if self._cluster is None or self._cluster.alive() or timedelta() < self._postgres_next - self._clock.now() <= LONGEST_PAUSE:
            return
        self.say("PostgreSQL has ended; it is started again and recovers from its log.")
        try:
            self._cluster.start(say=self.say)
        except EngineError as error:
            self._postgres_next = self._clock.now() + self._postgres_pause
            self._postgres_pause = min(self._postgres_pause * 2, LONGEST_PAUSE)
            self.say(f"{error} Next try in {(self._postgres_next - self._clock.now()).total_seconds():.0f} s.")
            return
        self._postgres_pause = timedelta(seconds=0.5)
        self._postgres_started = self._clock.now()
        self._postgres_restarts += 1
        if self._state["database_port"] != self._cluster.port:
            self._state["database_port"] = self._cluster.port
        self.say("PostgreSQL accepts connections again.")

    def _end_stragglers(self) -> None:
        """Processes of a supervisor that was killed and that the kernel's signal did not end."""
        mark = f"GARANT_SUPERVISED={self.data}"
        for number in (signal.SIGTERM, signal.SIGKILL):
            left = [pid for pid in with_environment(mark) if pid != os.getpid()]
            if not left:
                return
            self.say(f"Ending {len(left)} processes that an earlier start left behind.")
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            for _ in Deadline(10).tries(0.1):
                if not with_environment(mark):
                    break

    def _clear_sockets(self, runtime: Runtime) -> None:
        for path in (
            *(runtime.run / name for name in ("web.sock", "decide.sock", "haproxy.cfg")),
            runtime.application_socket,
            runtime.keyring_socket,
        ):
            path.unlink(missing_ok=True)

    def _write_state(self) -> None:
        """Written when something changed; a full disk is said once and does not end the watching."""
        processes: dict[str, Any] = {}
        if self._cluster is not None and self._cluster.pid is not None and self._postgres_started is not None:
            processes["postgres"] = {
                "pid": self._cluster.pid,
                "started": moment(self._postgres_started),
                "state": "serving" if self._cluster.alive() else "down",
                "restarts": self._postgres_restarts,
            }
        for child in self.children:
            processes[child.program.name] = {
                "pid": child.pid,
                "started": moment(child.started) if child.started else None,
                "state": child.state,
                "restarts": child.restarts,
            }
        state = {**self._state, "processes": processes}
        if repr(state) == self._written:
            return
        try:
            Runtime(self.data).write_state(state)
            self._written = repr(state)
            self._write_failed = False
        except OSError as error:
            if not self._write_failed:
                self.say(f"The state of the processes cannot be written to {self.data}: {error.strerror}.")
            self._write_failed = True

    def _look_at_disk(self) -> None:
        left = shutil.disk_usage(self.data).free
        word = "full" if left < FULL else "low" if left < LOW else ""
        if word == self._disk_said:
            return
        before, self._disk_said = self._disk_said, word
        if word == "full":
            self.say(
                f"ERROR: the disk of {self.data} is full ({left // 1024} KiB left). PostgreSQL cannot write, so changes and sign-ins are "
                "refused; nothing that was saved is lost. Free some space: service resumes by itself."
            )
        elif word == "low" and before == "":
            self.say(f"WARNING: only {left // (1024 * 1024)} MiB are left on the disk of {self.data}.")
        elif before == "full":
            self.say(f"The disk of {self.data} has room again ({left // (1024 * 1024)} MiB).")

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """The first signal ends the start or the watching; the following ones are ignored, since the end is under way."""

        def asked(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the interface of the standard library
            for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(each, signal.SIG_IGN)
            self._stopping.set()
            raise KeyboardInterrupt

        before = {each: signal.signal(each, asked) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


class _Steps:
    """Commands that run once, one after the other. `after`: others that must have ended well before."""

    def __init__(self, programs: Sequence[Program], logs: Path, clock: Clock, say: Say, *, after: Sequence["_Steps"] = ()) -> None:
        self._say, self._after = say, after
        self.failed = False
        self._left = [Child(program, logs=logs, clock=clock, say=lambda _: None) for program in programs]

    def advance(self) -> bool:
        """True when all are done. One that fails is said with its last words, and those after it are left out."""
        if any(each.failed for each in self._after):
            self.failed, self._left = True, []
        if any(each.left for each in self._after):
            return False
        while self._left:
            step = self._left[0]
            if step.pid is None:
                step.tend()
            status = step.ended()
            if status is None:
                return False
            if status:
                self._say(f"ERROR: {step.program.name} failed: {cause(step.last_words(4000))[:500]} (the whole is in {step.log})")
                self.stop()
                self.failed, self._left = True, []
                return True
            step.stop()
            self._left.pop(0)
        return True

    @property
    def left(self) -> int:
        """How many are not done."""
        return len(self._left)

    def stop(self) -> None:
        for step in self._left:
            step.stop()


def _schema_mark() -> str:
    """Digest of every migration and SQL file: the tables are brought up to date when it changes."""
    sources = provision.SOURCES / "garant"
    digest = hashlib.sha256()
    for path in sorted([*sources.rglob("migrations/*.py"), *sources.rglob("sql/*.sql"), provision.SOURCES / "garant/project/provision.py"]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    locks = provision.SOURCES.parent / "requirements.lock"
    if locks.exists():
        digest.update(locks.read_bytes())
    return f"garant schema {digest.hexdigest()[:32]}"
