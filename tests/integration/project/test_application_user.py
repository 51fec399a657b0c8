"""The protected application runs as a system user of its own, which reads nothing of Garant's: the kernel is asked, file by file."""

import grp
import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from garant.drivers.process import APPLICATION_USER, PLAIN_ENVIRONMENT, SERVICE_USER, drop
from garant.kernel.errors import ConfigurationError
from garant.project import provision
from garant.project.configuration import Application, Configuration
from garant.project.runtime import Runtime
from garant.project.supervisor import plan as plans
from garant.project.supervisor.plan import Plan, application_user
from garant.sdk.keyring import Keyring
from support.world import World

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: only root gives processes other users")
OWN = {"assertion/public.json", "secrets/database-sondage", "secrets/keyring-sondage", "secrets/context-sondage"}
OPEN = {*OWN, "garant.toml", "places.toml", "lock", "pg/lock", "pg/port", "up.log"}
"""What the application's user may read; its own directories, the programs of PostgreSQL and the static files besides."""


def asked(user: pwd.struct_passwd, question: str, paths: list[Path]) -> set[str]:
    """The paths of which `test <question>` is true for this user."""
    done = subprocess.run(
        ["/bin/sh", "-c", 'for each; do if test "$0" "$each"; then printf "%s\\n" "$each"; fi; done', question, *map(str, paths)],
        env=PLAIN_ENVIRONMENT,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        **drop(user),
    )
    return set(done.stdout.splitlines())


def readable(data: Path) -> set[str]:
    """Files of a data directory that the application's user can read, without those that are there for everybody."""
    user = pwd.getpwnam(APPLICATION_USER)
    files = [path for path in data.rglob("*") if path.is_file() and not path.is_relative_to(data / "pg" / "programs")]
    shared = (str(data / "sondage"), str(data / "app"), str(data / "static"))
    return {os.path.relpath(path, data) for path in asked(user, "-r", files) if not path.startswith(shared)}


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="garant-own-") as made:
        Path(made).chmod(0o755)
        place = Path(made) / "data"
        runtime = provision.prepare(place)
        runtime.write_state({"https": 1})
        yield place


@root_only
def test_owners_and_modes_of_the_data_directory(data: Path) -> None:
    found = {}
    for name in (
        *("run", "run/state.json", "keys", "assertion/private.pem", "tls", "logs", "app", "sondage", "migrate"),
        *("secrets/django", "secrets/database-web", "secrets/database-owner", "secrets/database-superuser", "secrets/database-sondage"),
        *("secrets/database-data", "secrets/database-sondage-owner", "keyring"),
        *("secrets/keyring-sondage", "secrets/keyring-sondage-digest", "secrets/context-sondage"),
    ):
        facts = (data / name).stat()
        owner, group = pwd.getpwuid(facts.st_uid).pw_name, grp.getgrgid(facts.st_gid).gr_name
        found[name] = f"{owner}:{group} {facts.st_mode & 0o7777:04o}"
    assert found == {
        "run": "garant:garant 2770",
        "run/state.json": "root:garant 0640",
        "keys": "garant:garant 0700",
        "assertion/private.pem": "root:garant 0640",
        "tls": "garant:garant 2750",
        "logs": "garant:garant 2750",
        "app": "garant-app:garant 2750",
        "sondage": "garant-app:garant-app 0700",
        "migrate": "garant-migrate:garant-migrate 0700",
        "secrets/django": "root:garant 0640",
        "secrets/database-web": "root:garant 0640",
        "secrets/database-owner": "root:root 0600",
        "secrets/database-superuser": "root:root 0600",
        "secrets/database-sondage": "root:garant-app 0640",
        "secrets/database-data": "root:garant 0640",
        "keyring": "garant:garant-app 2750",
        "secrets/keyring-sondage": "root:garant-app 0640",
        "secrets/keyring-sondage-digest": "root:garant 0640",
        "secrets/context-sondage": "root:garant-app 0640",
        "secrets/database-sondage-owner": "root:root 0600",
    }


@root_only
def test_the_application_reads_its_own_and_none_of_the_secrets(data: Path) -> None:
    assert readable(data) == OWN
    user, service = pwd.getpwnam(APPLICATION_USER), pwd.getpwnam(SERVICE_USER)
    assert os.getgrouplist(APPLICATION_USER, user.pw_gid) == [user.pw_gid]
    closed = [data / name for name in ("run", "keys", "tls", "logs")]
    assert asked(user, "-x", closed) == set()
    assert asked(user, "-w", [*closed, data, data / "assertion", data / "secrets", data / "static"]) == set()
    assert asked(user, "-w", [data / "keyring"]) == set()
    # The edge may come to the socket, and to nothing else of the application's.
    assert asked(service, "-x", [data / "app", data / "sondage"]) == {str(data / "app")}
    assert asked(service, "-r", [data / "secrets" / name for name in ("database-sondage", "keyring-sondage", "context-sondage")]) == set()


@root_only
def test_an_application_of_the_operators_reaches_the_keyring_when_its_user_is_named(data: Path) -> None:
    provision.prepare(data, Application(name="surveys", upstream="127.0.0.1:9", user="nobody"))
    nobody, user = pwd.getpwnam("nobody"), pwd.getpwnam(APPLICATION_USER)
    secrets = [data / "secrets" / name for name in ("keyring-surveys", "context-surveys")]
    assert asked(nobody, "-r", secrets) == {str(path) for path in secrets}
    assert asked(nobody, "-x", [data / "keyring"]) == {str(data / "keyring")}
    assert asked(user, "-x", [data / "keyring"]) == set()
    with pytest.raises(ConfigurationError, match=r"no user 'nobody-at-all' here"):
        provision.prepare(data, Application(name="surveys", upstream="127.0.0.1:9", user="nobody-at-all"))
    provision.prepare(data, Application(name="surveys", upstream="127.0.0.1:9"))
    assert asked(nobody, "-x", [data / "keyring"]) == set()


@root_only
def test_a_data_directory_of_an_earlier_version_is_handed_over(data: Path) -> None:
    service, user = pwd.getpwnam(SERVICE_USER), pwd.getpwnam(APPLICATION_USER)
    home = data / "sondage"
    (home / "attachments").mkdir()
    (home / "attachments" / "plan.pdf").write_bytes(b"%PDF")
    for path in (home, *home.rglob("*")):
        os.chown(path, service.pw_uid, service.pw_gid)
    os.chown(data / "secrets" / "database-sondage", 0, service.pw_gid)
    provision.prepare(data)
    assert {path.stat().st_uid for path in (home, *home.rglob("*"))} == {user.pw_uid}
    assert asked(service, "-r", [data / "secrets" / "database-sondage"]) == set()


@root_only
def test_the_running_deployment_keeps_its_secrets_from_the_application(world: World) -> None:
    found = readable(world.data)
    assert found <= OPEN, found - OPEN
    pid = world.pid("application")
    runs_as = Path(f"/proc/{pid}").stat().st_uid
    token = (world.data / "secrets" / "keyring-sondage").read_text(encoding="ascii")
    Keyring(world.data / "keyring" / "keys.sock", token).wait(30)
    web_runs_as = Path(f"/proc/{world.pid('web')}").stat().st_uid
    if web_runs_as == 0:
        pytest.skip("the interpreter of this installation lies below a closed directory: Python runs as root, said at the start")
    assert runs_as == pwd.getpwnam(APPLICATION_USER).pw_uid
    held = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"GARANT_ROLE" not in held


def test_the_application_is_left_out_rather_than_run_as_somebody_else(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    me = pwd.getpwuid(os.getuid())
    monkeypatch.setattr(plans, "service_user", lambda name="": me)
    monkeypatch.setattr(plans, "can_run_python", lambda user: False)
    user, trouble = application_user(me)
    assert user == me
    assert "the example application does not run" in trouble
    assert "chmod o+rX" in trouble
    plan = Plan(Runtime(data), Configuration(), 1, 8443, 8080, None, None, without=frozenset({"application"}))
    assert "application" not in [program.name for program in plan.programs()]


def test_the_application_gets_its_own_password_and_no_word_of_garants(data: Path) -> None:
    plan = Plan(Runtime(data), Configuration(), 1, 8443, 8080, None, None)
    held = next(program for program in plan.programs() if program.name == "application").environment
    assert {name for name in held if name.startswith("GARANT_")} == {"GARANT_SUPERVISED"}
    assert held["SONDAGE_DATABASE_PASSWORD_FILE"].endswith("/secrets/database-sondage")
    assert str(Runtime(data).database_socket()) not in held.values()
    assert Runtime(data).secret("database-sondage-owner") not in held.values()


@root_only
def test_tables_are_changed_by_a_user_that_runs_nothing_else(data: Path) -> None:
    service, user = pwd.getpwnam(SERVICE_USER), pwd.getpwnam(APPLICATION_USER)
    plan = Plan(Runtime(data), Configuration(), 1, 8443, 8080, service, None, application=user)
    child = plan.example_as_owner("migrate")
    assert child.user is not None
    assert child.user.pw_name == "garant-migrate"
    assert child.environment["SONDAGE_DATABASE_PASSWORD"] == Runtime(data).secret("database-sondage-owner")
    assert {program.user.pw_name for program in plan.programs() if program.user} == {SERVICE_USER, APPLICATION_USER}
