"""How to start, bound and end programs: no shell, a time limit always, privileges dropped before the program's first line.

- `service_user` names the unprivileged system user that servers run as when Garant is started by root, and makes it once.
- `drop` gives `Popen` keywords, so that nothing of ours runs between fork and exec under the wrong identity.
- `die_with_parent` asks the kernel to signal a child when the *thread* that started it dies: start children from the main thread.
- `Hold` is an exclusive lock on a file that names its holder.
"""

import ctypes
import fcntl
import os
import pwd
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from garant.kernel.errors import ConfigurationError, EngineError

SERVICE_USER = "garant"
APPLICATION_USER = "garant-app"
"""Of the protected example application: another than Garant's, and in none of its groups."""
MIGRATING_USER = "garant-migrate"
"""Of the process that changes the example application's tables, and of no other."""
PR_SET_PDEATHSIG = 1
PLAIN_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}

_libc = ctypes.CDLL(None, use_errno=True)


class Deadline:
    """A moment some seconds ahead, on the monotonic clock: a wall clock may step."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - time.monotonic())

    def passed(self) -> bool:
        return self.left() == 0.0

    def tries(self, pause: float = 0.05) -> Iterator[None]:
        """Yields until the moment has passed, `pause` seconds apart, once at least."""
        yield
        while not self.passed():
            time.sleep(pause)
            yield


def service_user(name: str = SERVICE_USER) -> pwd.struct_passwd | None:
    """The system user for servers, made when missing; None when we are not root and servers run as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
        made = subprocess.run(command, env=PLAIN_ENVIRONMENT, capture_output=True, text=True, timeout=30, check=False)
        try:  # two starts at once: the other may have made it
            return pwd.getpwnam(name)
        except KeyError:
            raise EngineError(f"the system user {name} could not be made: {made.stderr.strip()}; run: {' '.join(command)}") from None


def drop(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Popen keywords that make the child that user, with no other group."""
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def die_with_parent(number: int = signal.SIGTERM) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends `number` to the child when our starting thread ends, even by kill -9.

    It runs after the change of user, which would clear it. A parent that died in between is noticed.
    """
    parent = os.getpid()

    def arrange() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def reachable(path: Path, user: pwd.struct_passwd | None) -> bool:
    """Whether `user` can enter or execute `path`; the kernel is asked, so ACLs and mounts count."""
    if user is None:
        return os.access(path, os.X_OK)
    asked = subprocess.run(["/usr/bin/test", "-x", str(path)], cwd="/", env=PLAIN_ENVIRONMENT, timeout=10, check=False, **drop(user))
    return asked.returncode == 0


def run(
    command: Sequence[str],
    *,
    limit: float,
    user: pwd.struct_passwd | None = None,
    environment: Mapping[str, str] | None = None,
    given: str = "",
) -> str:
    """Run a program to its end and return what it printed. `limit`: seconds. Raises EngineError with its last words.

    Arguments are for everyone to see (`ps`): a secret goes through `given` (standard input) or the environment.
    """
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            list(command),
            cwd="/",
            env=dict(PLAIN_ENVIRONMENT if environment is None else environment),
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
            check=False,
            **drop(user),
        )
    except FileNotFoundError as error:
        raise EngineError(f"the program {command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{name} did not end within {limit:g} s") from error
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise EngineError(f"{name} failed with status {done.returncode}: {words}")
    return str(done.stdout)


def cause(output: str) -> str:
    """The one line of a program's output that says why it failed: of a Python trace the error itself, else the last line."""
    lines = [line for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"garant: |(\w+\.)*\w*(Error|Exception|Refused|Timeout)\w*(:|$)", line)]
    last = (telling or lines or ["nothing was said"])[-1].strip()
    return re.sub(r"^(\w+\.)+(?=\w+:)", "", last).removeprefix("garant: ")


def alive(pid: int) -> bool:
    """Whether a process of this number runs; a zombie has ended and does not."""
    return state_of(pid) not in ("", "Z", "X")


def state_of(pid: int) -> str:
    """The kernel's letter for a process (R, S, D, Z ...), or '' when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return ""


def processes() -> Iterator[int]:
    """Numbers of all processes that we may see."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            yield int(entry)


def working_in(directory: Path) -> list[int]:
    """Live processes whose working directory is `directory`."""
    found = []
    for pid in processes():
        try:
            here = os.readlink(f"/proc/{pid}/cwd")
        except OSError:  # ended meanwhile, or not ours to see
            continue
        if here == str(directory) and alive(pid):
            found.append(pid)
    return found


def with_environment(entry: str) -> list[int]:
    """Live processes of ours whose environment holds exactly `NAME=value`."""
    wanted = entry.encode()
    found = []
    for pid in processes():
        try:
            held = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in held and alive(pid):
            found.append(pid)
    return found


class Hold:
    """An exclusive lock on a file; the file's text names who holds it. Released by the kernel when the holder dies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self, *, what: str) -> None:
        """Take the lock (once is enough) or raise ConfigurationError that names the holder. `what`: what it stands for, in words."""
        if self._descriptor is not None:
            return
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "another process"
            os.close(descriptor)
            raise ConfigurationError(f"{what} is in use by {holder}; stop it first, or choose another directory with --data") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None
