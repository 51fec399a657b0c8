"""The bootstrap script, on machines that are pretended by stub programs: what it says, what it runs, how it ends."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from garant.project import cli

SCRIPT = Path(__file__).parents[3] / "garant"
REAL = ("sh", "dirname", "readlink", "grep", "sha256sum", "cut", "mktemp", "tail", "rm", "env", "cat", "sed", "mkdir", "sleep", "flock")


@dataclass
class Machine:
    """A machine that has these programs and no others. `calls`: every stub that was run, with its words."""

    place: Path

    def stub(self, name: str, body: str = "exit 0") -> None:
        path = self.place / "bin" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.place}/calls"\n{body}\n', encoding="utf-8")
        path.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        path = self.place / "calls"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def garant(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(self.place / "garant"), *words],
            env={"PATH": str(self.place / "bin"), "TMPDIR": str(self.place), **more},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Not root, no sudo, apt, haproxy missing, no Python."""
    made = Machine(tmp_path)
    (tmp_path / "bin").mkdir()
    for name in REAL:
        found = shutil.which(name)
        assert found, name
        (tmp_path / "bin" / name).symlink_to(found)
    shutil.copy(SCRIPT, tmp_path / "garant")
    (tmp_path / "requirements.lock").write_text("", encoding="ascii")
    (tmp_path / "src").mkdir()
    made.stub("id", "echo 1000")
    made.stub("dpkg-query", "exit 1")
    made.stub("apt-get")
    return made


def installed(machine: Machine) -> None:
    machine.stub("dpkg-query", "echo install ok installed")


def test_it_is_a_shell_script_that_parses() -> None:
    assert SCRIPT.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert os.access(SCRIPT, os.X_OK)
    assert subprocess.run(["/bin/sh", "-n", str(SCRIPT)], check=False).returncode == 0


@pytest.mark.parametrize("sudo", [None, "exit 1"])
def test_without_root_and_sudo_the_exact_command_is_printed(machine: Machine, sudo: str | None) -> None:
    if sudo is not None:
        machine.stub("sudo", sudo)
    done = machine.garant("up")
    assert done.returncode == 3
    assert "    sudo apt-get update && sudo apt-get install -y --no-install-recommends haproxy\n" in done.stderr
    assert not any(call.startswith("apt-get") for call in machine.calls)
    assert not any("apt-get" in call for call in machine.calls if call.startswith("sudo"))


def test_the_tests_need_more_than_the_service(machine: Machine) -> None:
    done = machine.garant("test")
    assert done.returncode == 3
    assert "--no-install-recommends haproxy chromium libnss3-tools" in done.stderr


def test_a_system_without_apt_is_told_the_names(machine: Machine) -> None:
    (machine.place / "bin" / "apt-get").unlink()
    done = machine.garant("up")
    assert done.returncode == 3
    assert "install these programs with your system's package manager, then try again: haproxy" in done.stderr


def test_root_installs_what_is_missing(machine: Machine) -> None:
    machine.stub("id", "echo 0")
    machine.stub("service")
    done = machine.garant("up", GARANT_PYTHON="/bin/false")
    assert done.returncode == 3
    assert "garant: installing: haproxy" in done.stderr
    ran = [call for call in machine.calls if call.startswith(("apt-get", "service"))]
    assert ran[0] == "apt-get update -qq"
    assert ran[1].startswith("apt-get install -y -qq --no-install-recommends ")
    assert ran[1].endswith(" haproxy")
    assert ran[2] == "service haproxy stop"


def test_sudo_that_asks_for_no_password_is_used(machine: Machine) -> None:
    machine.stub("sudo", '[ "$1" = -n ] && exit 0; exec "$@"')
    machine.stub("service")
    machine.garant("up", GARANT_PYTHON="/bin/false")
    assert "sudo apt-get update -qq" in machine.calls
    assert any(call.startswith("apt-get install") for call in machine.calls)


def test_an_installation_that_fails_is_shown(machine: Machine) -> None:
    machine.stub("id", "echo 0")
    machine.stub("apt-get", 'echo "E: Unable to locate package haproxy"; exit 100')
    done = machine.garant("up")
    assert done.returncode == 3
    assert "E: Unable to locate package haproxy" in done.stderr
    assert "garant: apt could not install: haproxy" in done.stderr


def test_a_program_that_is_no_python_is_refused(machine: Machine) -> None:
    installed(machine)
    done = machine.garant("up", GARANT_PYTHON="/bin/false")
    assert done.returncode == 3
    assert done.stderr == "garant: GARANT_PYTHON=/bin/false is not a Python 3.11 or later\n"


def test_a_machine_without_python_is_told_what_to_install(machine: Machine) -> None:
    installed(machine)
    done = machine.garant("up")
    assert done.returncode == 3
    assert "no Python 3.11 or later was found; install it (Debian 12: apt-get install python3 python3-venv)" in done.stderr


def test_an_old_python_is_not_taken(machine: Machine) -> None:
    installed(machine)
    machine.stub("python3", "exit 1")
    assert "no Python 3.11 or later was found" in machine.garant("up").stderr


def test_a_second_start_goes_straight_on(machine: Machine) -> None:
    """The stamp of this very lock is there: no Python is looked for, nothing is installed, the command runs with its words."""
    installed(machine)
    digest = subprocess.run(["sha256sum", machine.place / "requirements.lock"], capture_output=True, text=True, check=True).stdout[:32]
    (machine.place / ".venv" / "bin").mkdir(parents=True)
    (machine.place / ".venv" / f".garant-{digest}").touch()
    python = machine.place / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\ncase "$*" in "-m garant "*) echo "ran: $*"; exit 7 ;; esac\n', encoding="ascii")
    python.chmod(0o755)
    done = machine.garant("up", "--https", "9443")
    assert (done.returncode, done.stdout, done.stderr) == (7, "ran: -m garant up --https 9443\n", "")


SLOW_VENV = """case "$*" in
    *"-m venv"*) mkdir -p "$4/bin"; sleep 1; cp "$0" "$4/bin/python" ;;
    *"get_path"*) echo "{site}" ;;
esac
exit 0"""


@pytest.mark.parametrize("lock", ["flock", "mkdir"])
def test_of_two_first_commands_at_once_one_installs_and_the_other_waits(machine: Machine, lock: str) -> None:
    installed(machine)
    (machine.place / "bin" / "cp").symlink_to(shutil.which("cp") or "")
    (machine.place / "bin" / "kill").symlink_to(shutil.which("kill") or "")
    if lock == "mkdir":
        (machine.place / "bin" / "flock").unlink()
    machine.stub("python-of-the-system", SLOW_VENV.format(site=machine.place))
    python = str(machine.place / "bin" / "python-of-the-system")
    with ThreadPoolExecutor(2) as two:
        done = list(two.map(lambda _: machine.garant("up", GARANT_PYTHON=python), range(2)))
    assert [(each.returncode, each.stdout) for each in done] == [(0, "")] * 2, done
    assert sum("-m venv" in call for call in machine.calls) == 1, machine.calls
    assert not (machine.place / ".installing").exists()


def test_help_needs_nothing_installed(machine: Machine) -> None:
    """The list is the program's own table, read as text."""
    table = machine.place / "src" / "garant" / "project" / "cli"
    table.mkdir(parents=True)
    shutil.copy(Path(cli.__file__), table / "__init__.py")
    for words in ([], ["--help"]):
        done = machine.garant(*words)
        assert (done.returncode, done.stderr) == (0, "")
        for name, verb in cli.VERBS.items():
            assert f"  {name:<9} {verb.text}\n" in done.stdout
    assert machine.calls == []


@pytest.mark.parametrize(("closed", "made_anew"), [(True, True), (False, False)])
def test_as_root_an_environment_that_only_root_can_execute_is_made_anew(machine: Machine, closed: bool, made_anew: bool) -> None:
    installed(machine)
    machine.stub("id", "echo 0")
    machine.stub("runuser", 'case "$*" in *"/src") exit 0 ;; esac; exit ' + ("1" if closed else "0"))
    (machine.place / ".venv" / "bin").mkdir(parents=True)
    for path in (machine.place / ".venv" / "bin" / "python", machine.place / "bin" / "python-of-the-system"):
        path.write_text(f'#!/bin/sh\necho "{path.name} $*" >>"{machine.place}/calls"\n', encoding="ascii")
        path.chmod(0o755)
    machine.garant("up", GARANT_PYTHON=str(machine.place / "bin" / "python-of-the-system"))
    anew = f"python-of-the-system -m venv --clear {machine.place / '.venv'}"
    assert (anew in machine.calls) is made_anew
    assert any(call.startswith("python -m pip install") and "--require-hashes" in call for call in machine.calls)
