"""One process that is kept running.

- It is a session of its own, so that its whole group can be ended, workers included.
- It ends when the supervisor ends, by whatever way.
- Dead, it is started again after a pause that doubles from half a second to thirty; a minute of life forgives the past.
"""

import contextlib
import grp
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from garant.drivers.process import Deadline, die_with_parent, drop
from garant.kernel.clock import Clock

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=0.5), timedelta(seconds=30)
FORGIVEN_AFTER = timedelta(minutes=1)
SETTLED_AFTER = timedelta(seconds=2)
"""A program that cannot be asked serves when it has lived that long."""
LARGEST_LOG = 32 * 1024 * 1024
"""Bytes. A larger log is set aside as `<name>.log.1`."""


@dataclass(frozen=True)
class Program:
    """What to run. `user`: None stays who we are; `group`: for files that the service user must reach all the same.

    `needs`: files without which the program cannot start; it waits for them. `sockets`: its own, which a killed process leaves behind and
    over which the next one would stumble. `ready`: asks the running program whether it serves.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    user: pwd.struct_passwd | None = None
    group: grp.struct_group | None = None
    needs: tuple[Path, ...] = ()
    sockets: tuple[Path, ...] = ()
    ready: Callable[[], bool] | None = None
    stop_signal: int = signal.SIGTERM
    patience: float = 15.0
    """Seconds given to end by itself when asked."""
    directory: Path = field(default_factory=lambda: Path("/"))


class Child:
    """A program with its present process."""

    def __init__(self, program: Program, *, logs: Path, clock: Clock, say: Callable[[str], None]) -> None:
        self.program = program
        self.log = logs / f"{program.name}.log"
        self.restarts = 0
        self.started: datetime | None = None
        self.serves = False
        self._clock, self._say = clock, say
        self._pause = FIRST_PAUSE
        self._next = clock.now()
        self._process: subprocess.Popen[bytes] | None = None
        self._told_missing = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def state(self) -> str:
        """`waiting` (for a file), `starting`, `serving` or `down` (until the next try)."""
        if self._process is not None:
            return "serving" if self.serves else "starting"
        return "waiting" if any(not path.exists() for path in self.program.needs) else "down"

    def tend(self) -> None:
        """Notice a death, start when it is time. Called several times a second."""
        if self._process is not None:
            status = self._process.poll()
            if status is None:
                self._look()
                return
            self._mourn(status)
        # A pause longer than the longest: the clock was set back.
        if not timedelta() < self._next - self._clock.now() <= LONGEST_PAUSE:
            self._start()

    def ended(self) -> int | None:
        """Exit status of the present process when it has ended, else None."""
        return self._process.poll() if self._process is not None else None

    def stop(self) -> None:
        """Ask to end, then insist; leaves nothing of the group behind."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.program.stop_signal)
        try:
            process.wait(self.program.patience)
        except subprocess.TimeoutExpired:
            self._say(f"The process {self.program.name} did not end within {self.program.patience:g} s and is killed.")
        self._end_group(process)

    def ask_to_stop(self) -> None:
        """Send the signal and do not wait: `stop` follows."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(self.program.stop_signal)

    def last_words(self, size: int = 1500) -> str:
        """The end of the log of the present life."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - size))
                return file.read().decode(errors="replace").strip()
        except OSError:
            return ""

    def _look(self) -> None:
        if not self.serves:
            asked = self.program.ready
            self.serves = asked() if asked is not None else self.started is not None and self._clock.now() - self.started > SETTLED_AFTER
        if self.started is not None and self._clock.now() - self.started > FORGIVEN_AFTER:
            self._pause = FIRST_PAUSE

    def _mourn(self, status: int) -> None:
        assert self._process is not None
        self._end_group(self._process)
        self._process, self.serves = None, False
        self.restarts += 1
        end = f"by signal {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        words = next((line for line in reversed(self.last_words().splitlines()) if line.strip()), "nothing")
        self._say(
            f"The process {self.program.name} ended {end}; it is started again in {self._pause.total_seconds():g} s. "
            f"Its last line in {self.log}: {words[:300]}"
        )
        self._next = self._clock.now() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _start(self) -> None:
        missing = [path for path in self.program.needs if not path.exists()]
        if missing:
            if not self._told_missing and self.restarts == 0 and self._waited_long():
                self._say(f"The process {self.program.name} waits for {missing[0]}.")
                self._told_missing = True
            return
        self._set_log_aside()
        try:
            for path in self.program.sockets:
                path.unlink(missing_ok=True)
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    self.program.command,
                    cwd=self.program.directory,
                    env=dict(self.program.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    umask=0o007,
                    preexec_fn=die_with_parent(self.program.stop_signal),
                    **self._identity(),
                )
        except OSError as error:
            self.restarts += 1
            self._say(f"The process {self.program.name} could not be started: {error}. Next try in {self._pause.total_seconds():g} s.")
            self._next = self._clock.now() + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            return
        self.started = self._clock.now()

    def _identity(self) -> dict[str, Any]:
        if self.program.user is not None:
            return drop(self.program.user)
        return {"group": self.program.group.gr_gid} if self.program.group is not None else {}

    def _waited_long(self) -> bool:
        return self._clock.now() - self._next > timedelta(seconds=20)

    def _set_log_aside(self) -> None:
        with contextlib.suppress(OSError):
            if self.log.stat().st_size > LARGEST_LOG:
                shutil.copyfile(self.log, self.log.with_name(self.log.name + ".1"))
                os.truncate(self.log, 0)

    def _end_group(self, process: subprocess.Popen[bytes]) -> None:
        """Workers of a process that was killed live on without it: they are ended with its group."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, number)
            except (ProcessLookupError, PermissionError):
                break
            for _ in Deadline(1.0).tries(0.05):
                process.poll()
                try:
                    os.killpg(process.pid, 0)
                except (ProcessLookupError, PermissionError):
                    break
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
