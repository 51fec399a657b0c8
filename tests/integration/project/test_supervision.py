"""A deployment under faults: killed processes come back, a second start is refused, a stop leaves nothing behind."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from garant.drivers.process import alive, with_environment
from support.world import World, free_port, wait_until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def stack() -> Iterator[World]:
    """A deployment of its own: these tests kill its processes."""
    made = World(statements=("aso",))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def _up(world: World, *words: str, data: Path | None = None) -> "subprocess.CompletedProcess[str]":
    environment = world.environment()
    environment.pop("GARANT_ROLE")
    if data is not None:
        environment["GARANT_CONFIG"] = str(data / "garant.toml")
    return subprocess.run(
        [sys.executable, "-m", "garant", "up", "--data", str(data or world.data), *words],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _serves(world: World) -> bool:
    try:
        return world.visit("", "/fr/").status == 200
    except Exception:  # noqa: BLE001 - anything at all means: not yet
        return False


@pytest.mark.parametrize(
    "process", ["web", "decision", "keyring", "worker", "agent", "collector", "prober", "application", "haproxy", "postgres"]
)
def test_a_killed_process_is_started_again_and_the_page_serves(stack: World, process: str) -> None:
    before = stack.kill(process)
    after = wait_until(
        lambda: (pid := stack.runtime_files.state()["processes"][process]["pid"]) and pid != before and pid, f"a new {process}"
    )
    assert alive(int(after))
    wait_until(lambda: stack.runtime_files.state()["processes"][process]["state"] == "serving", f"{process} serving", 60)
    wait_until(lambda: _serves(stack), "the trust page", 60)
    assert stack.runtime_files.state()["processes"][process]["restarts"] >= 1, "doctor and the console count it"
    words = {"postgres": "PostgreSQL has ended"}.get(process, f"The process {process} ended by signal SIGKILL")
    assert words in (stack.data / "logs" / "supervisor.log").read_text(encoding="utf-8")


def test_without_the_decision_service_a_member_page_is_refused_not_served(stack: World) -> None:
    """Fail closed: a stopped decision service (alive, answering nothing) lets nobody in."""
    pid = stack.kill("decision", signal.SIGSTOP)
    children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    try:
        for child in children:
            stack_signal(child, signal.SIGSTOP)
        answer = stack.visit("saint-elan", "/gestion/", cookie="x" * 43)
        assert answer.status in (302, 401, 503)
        assert answer.status != 200
    finally:
        for each in (*children, pid):
            stack_signal(each, signal.SIGCONT)
    wait_until(lambda: stack.runtime_files.state()["processes"]["decision"]["state"] == "serving", "the decision service", 60)


def stack_signal(pid: int, number: int) -> None:
    subprocess.run(["kill", f"-{number:d}", str(pid)], check=False)


def test_a_second_up_on_the_same_directory_names_the_holder(stack: World) -> None:
    done = _up(stack)
    assert done.returncode == 2
    holder = stack.runtime_files.state()["supervisor"]
    assert f"in use by process {holder}" in done.stderr
    assert "Traceback" not in done.stderr
    assert _serves(stack)


def test_a_port_in_use_is_named_with_the_way_out(stack: World, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _up(stack, "--https", str(port), "--http", str(free_port()), data=tmp_path / "other")
    assert done.returncode == 2
    assert f"port {port} is in use" in done.stderr
    assert "--https PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_secrets_are_private_and_demo_passwords_are_in_one_private_file(stack: World) -> None:
    for path in (stack.data / "secrets").iterdir():
        assert path.stat().st_mode & 0o007 == 0, path
    for name in ("database-owner", "database-superuser"):
        assert (stack.data / "secrets" / name).stat().st_mode & 0o077 == 0
    accounts = stack.data / "demo-accounts.txt"
    assert accounts.stat().st_mode & 0o777 == 0o600
    word = accounts.read_text(encoding="utf-8").split()[2]
    with stack.sql("owner") as database:
        stored = [row[0] for row in database.execute("select encoded from access_password_credential").fetchall()]
    assert stored
    assert all(each.startswith("argon2$argon2id$") for each in stored)
    assert not any(word in path.read_text(errors="replace") for path in (stack.data / "logs").glob("*.log"))


def test_a_killed_supervisor_takes_its_processes_along_and_the_next_start_serves(stack: World) -> None:
    pids = [int(each["pid"]) for each in stack.runtime_files.state()["processes"].values()]
    assert stack._process is not None
    stack._process.kill()
    stack._process.wait(10)
    wait_until(lambda: not any(alive(pid) for pid in pids), "the end of every process", 40)
    stack.start()
    assert _serves(stack)


def test_a_stop_leaves_no_process_behind(stack: World) -> None:
    pids = [int(each["pid"]) for each in stack.runtime_files.state()["processes"].values()]
    assert stack._process is not None
    stack._process.send_signal(signal.SIGTERM)
    assert stack._process.wait(60) == 0
    assert not any(alive(pid) for pid in pids)
    assert with_environment(f"GARANT_SUPERVISED={stack.data}") == []
    assert "Everything has stopped." in stack.log("up")
