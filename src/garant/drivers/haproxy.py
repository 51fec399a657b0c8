"""How to speak to HAProxy: its checker, its version, its Runtime API, its master process.

One command a connection: it always reaches the newest worker, and nothing is left open across a reload (a persistent connection stays
with the old worker). Commands are serialised; each has a limit of 2 s. Keys and values carry no space, semicolon or line end.
"""

import re
import socket
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from garant.drivers.process import PLAIN_ENVIRONMENT, Deadline
from garant.kernel.errors import EngineError

LIMIT = 2.0
"""Seconds for one command."""
BATCH = 100
"""Entries in one command: the worker answers other requests between two."""
WORD = re.compile(r"^[^\s;\\]+$")


@dataclass(frozen=True)
class Worker:
    """A worker of a master: `current` serves new connections, the others finish what they have."""

    pid: int
    current: bool


def version() -> str:
    """The installed HAProxy's version, `2.6.12-1+deb12u4`. Raises EngineError when there is none."""
    found = re.search(r"version (\S+)", _run(["haproxy", "-v"]).stdout)
    if found is None:
        raise EngineError("haproxy -v does not say its version")
    return found.group(1)


def check(configuration: Path) -> None:
    """Let HAProxy read the file as it would at start. Raises EngineError with its words."""
    done = _run(["haproxy", "-c", "-f", str(configuration)])
    if done.returncode:
        words = "\n".join(line for line in (done.stderr + done.stdout).splitlines() if "ALERT" in line) or done.stderr or done.stdout
        raise EngineError(f"HAProxy refuses {configuration}: {words.strip()[-2000:]}")


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            command, env=dict(PLAIN_ENVIRONMENT), capture_output=True, text=True, errors="replace", timeout=30, check=False
        )
    except FileNotFoundError as error:
        raise EngineError("HAProxy is not installed: apt install haproxy") from error
    except subprocess.TimeoutExpired as error:
        raise EngineError("HAProxy did not end within 30 s") from error


class Runtime:
    """The Runtime API behind a Unix socket. `prefix`: `@!<pid> ` on a master's socket, to reach one worker."""

    def __init__(self, path: Path, *, prefix: str = "", limit: float = LIMIT) -> None:
        self.path, self.prefix, self.limit = path, prefix, limit
        self._lock = threading.Lock()

    def ask(self, command: str) -> str:
        """One command line (several joined by `;` are allowed), its answer. Raises EngineError when nobody answers in time."""
        if "\n" in command or "\r" in command:
            raise ValueError("one command, one line")
        with self._lock, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self.limit)
            try:
                connection.connect(str(self.path))
                connection.sendall(f"{self.prefix}{command}\n".encode())
                connection.shutdown(socket.SHUT_WR)  # a master answers and stays; this says that nothing follows
                parts = []
                while part := connection.recv(65536):
                    parts.append(part)
            except OSError as error:
                raise EngineError(f"HAProxy does not answer on {self.path}: {error}") from error
        return b"".join(parts).decode(errors="replace").strip()

    def info(self) -> Mapping[str, str]:
        """`show info`: Pid, Version, DroppedLogs, ..."""
        return dict(line.split(": ", 1) for line in self.ask("show info").splitlines() if ": " in line)

    def map(self, path: Path) -> dict[str, str]:
        """The entries of a map in the running worker."""
        rows = [line.split(" ", 2) for line in self._listed(f"show map {path}")]
        return {row[1]: row[2] for row in rows if len(row) == 3}

    def acl(self, path: Path) -> set[str]:
        """The patterns of a list in the running worker."""
        return {line.split(" ", 1)[1] for line in self._listed(f"show acl {path}") if " " in line}

    def replace_map(self, path: Path, entries: Mapping[str, str]) -> None:
        """Put these entries in place of all others, at once for the requests. Raises EngineError with HAProxy's words."""
        self._replace("map", path, [f"{_word(key)} {_word(value)}" for key, value in entries.items()])

    def replace_acl(self, path: Path, patterns: Iterable[str]) -> None:
        """The same for a list."""
        self._replace("acl", path, [_word(pattern) for pattern in patterns])

    def _replace(self, kind: str, path: Path, entries: Sequence[str]) -> None:
        said = self.ask(f"prepare {kind} {path}")
        found = re.search(r"version created: (\d+)", said)
        if found is None:
            raise EngineError(f"HAProxy cannot replace {path}: {said}")
        number = found.group(1)
        self._send([f"add {kind} @{number} {path} {entry}" for entry in entries])
        self._send([f"commit {kind} @{number} {path}"])

    def _send(self, lines: Sequence[str]) -> None:
        for start in range(0, len(lines), BATCH):
            said = self.ask(";".join(lines[start : start + BATCH]))
            if said:
                raise EngineError(f"HAProxy refuses a change: {said[:300]}")

    def _listed(self, command: str) -> list[str]:
        said = self.ask(command)
        if said.startswith(("Unknown", "Missing", "unknown")):
            raise EngineError(f"HAProxy: {said[:300]}")
        return [line for line in said.splitlines() if line and not line.startswith("#")]


class Master:
    """The master process (`haproxy -W -S <socket>`): its workers, and its reload."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._runtime = Runtime(path)

    def workers(self) -> list[Worker]:
        """Live workers, the current one first; the old ones still serve what they had before a reload.

        A master that reloads starts itself again and refuses connections meanwhile: it is asked for up to 2 s.
        """
        found, current = [], False
        for line in self._processes().splitlines():
            if line.startswith("# "):
                current = line.strip() == "# workers"
            words = line.split()
            if len(words) > 2 and words[0].isdigit() and words[1] == "worker":
                found.append(Worker(int(words[0]), current))
        return sorted(found, key=lambda worker: not worker.current)

    def _processes(self) -> str:
        deadline = Deadline(LIMIT)
        for _ in deadline.tries():
            try:
                return self._runtime.ask("show proc")
            except EngineError:
                if deadline.passed():
                    raise
        raise EngineError(f"HAProxy's master does not answer on {self.path}")

    def worker(self, pid: int) -> Runtime:
        """The Runtime API of one worker, old or current."""
        return Runtime(self.path, prefix=f"@!{pid} ")

    def reload(self) -> None:
        """Start a new worker with the configuration on disk, which the caller has checked. The old one finishes what it serves."""
        Runtime(self.path, limit=30.0).ask("reload")


def _word(text: str) -> str:
    if not WORD.match(text):
        raise ValueError(f"{text!r} cannot be told to HAProxy: no space, semicolon or backslash")
    return text
