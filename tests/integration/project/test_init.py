"""`garant init`, `garant doctor` and the refusals of the command line, as processes of their own."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from garant.kernel.errors import InputError
from garant.project import configuration
from garant.project.cli.init import toml, units
from support.command import garant


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that the service user can enter; pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="garant-init-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made) / "data"


def test_a_command_without_a_running_deployment_says_so(place: Path) -> None:
    done = garant("verdicts", data=place)
    assert done.returncode == 2
    assert f"there is no data directory {place}" in done.stderr
    place.mkdir()
    done = garant("verdicts", data=place)
    assert done.returncode == 2
    assert "is `garant up` running" in done.stderr
    assert "Traceback" not in done.stderr


def test_init_makes_a_deployment_twice_over_and_doctor_has_nothing_against_it(place: Path) -> None:
    first = garant("init", data=place)
    assert first.returncode == 0, first.stderr
    written = (place / "garant.toml").read_text(encoding="utf-8")
    secret = (place / "secrets" / "database-web").read_text(encoding="ascii")
    again = garant("init", data=place)
    assert again.returncode == 0, again.stderr
    assert (place / "garant.toml").read_text(encoding="utf-8") == written
    assert (place / "secrets" / "database-web").read_text(encoding="ascii") == secret
    told = json.loads(garant("doctor", "--json", data=place).stdout)
    assert {each["subject"] for each in told if each["grade"] == "error"} <= {"ports"}
    assert any(each["subject"] == "processes" and "not running" in each["text"] for each in told)


def test_doctor_says_what_is_wrong_and_what_to_do(place: Path) -> None:
    garant("init", data=place)
    (place / "secrets" / "database-web").chmod(0o644)
    (place / "run" / "certs").mkdir(exist_ok=True)
    (place / "run" / "certs" / "site.pem").write_text("not a certificate", encoding="ascii")
    done = garant("doctor", data=place)
    assert done.returncode == 1
    assert "can be read by everybody" in done.stdout
    assert "chmod o-rwx" in done.stdout
    assert "site.pem cannot be read" in done.stdout


def test_a_wrong_key_in_the_configuration_is_one_line_with_its_place(place: Path) -> None:
    place.mkdir()
    (place / "garant.toml").write_text("[tls]\nprofil = 'modern'\n", encoding="utf-8")
    done = garant("up", data=place)
    assert done.returncode == 2
    assert f"{place / 'garant.toml'}:2: unknown key profil" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_unknown_command_names_the_known_ones(place: Path) -> None:
    done = garant("upp", data=place)
    assert done.returncode == 2
    assert "verdicts" in done.stderr


@pytest.mark.parametrize("verb", ["up", "init", "keep", "verdicts", "edge", "worker", "tenant", "settle", "doctor", "bench", "test"])
def test_every_command_explains_itself(place: Path, verb: str) -> None:
    done = garant(verb, "--help", data=place)
    assert done.returncode == 0, done.stderr
    if verb not in ("edge", "tenant", "settle"):
        assert "Exit codes" in done.stdout


def test_the_example_configuration_is_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "garant.toml"
    path.write_text(toml(), encoding="utf-8")
    read = configuration.load(path)
    assert read == configuration.Configuration(path=path)


def test_units_name_the_applications_database_and_never_its_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GARANT_APPLICATION_DATABASE", "host=db.internal dbname=surveys")
    texts = units(tmp_path, configuration.Configuration(), url="postgresql://db.internal:5432/garant")
    assert 'Environment="GARANT_APPLICATION_DATABASE=host=db.internal dbname=surveys"' in texts["garant-worker.service"]
    monkeypatch.setenv("GARANT_APPLICATION_DATABASE", "postgresql://u:word@db.internal/surveys")
    with pytest.raises(InputError, match="has a password in it"):
        units(tmp_path, configuration.Configuration(), url="postgresql://db.internal:5432/garant")


def test_units_hold_no_secret_and_start_every_process(tmp_path: Path) -> None:
    texts = units(tmp_path, configuration.Configuration(), url="postgresql://db.internal:5432/garant")
    assert {
        "garant-web.service",
        "garant-decision.service",
        "garant-keyring.service",
        "garant-worker.service",
        "garant-agent.service",
    } <= texts.keys()
    once = {"garant-prepare.service", "garant-settle.service"}
    for name, text in texts.items():
        if name.endswith(".service") and name not in once:
            assert "Restart=always" in text
            assert "After=network-online.target postgresql.service garant-settle.service" in text
            assert "User=root" not in text or name == "garant-edge.service"
        assert "@" not in text
    settle = texts["garant-settle.service"]
    assert [word for word in ("settle people --no-demo", "settle statements", "edge prepare") if word not in settle] == []
    assert "Requires=garant-prepare.service" in settle
    assert "GARANT_ROLE" not in texts["garant-prepare.service"], "init decides by itself whose password it needs"
    for name, file in (("web", "run/web.sock"), ("decision", "run/decide.sock"), ("keyring", "keyring/keys.sock")):
        assert f"ExecStartPre=/bin/rm -f {tmp_path}/{file}\nExecStart=" in texts[f"garant-{name}.service"]
    assert "DJANGO_SETTINGS_MODULE=garant.project.settings.keyring" in texts["garant-keyring.service"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine to read the units")
def test_systemd_has_nothing_against_the_units(tmp_path: Path) -> None:
    for name, text in units(tmp_path, configuration.Configuration(), url="postgresql://db.internal:5432/garant").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "garant.target")],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "garant" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


def test_units_without_a_database_are_refused_before_anything_is_made(place: Path) -> None:
    done = garant("init", "--systemd", "-", data=place)
    assert done.returncode == 2
    assert "set GARANT_DATABASE_URL" in done.stderr
    assert "start with" not in done.stdout
    assert not place.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the service user must be shut out")
def test_a_data_directory_below_a_closed_home_is_refused_with_the_way_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    done = garant("init", data=home / "data")
    assert done.returncode == 2
    assert "cannot be entered by the system user garant" in done.stderr
    assert "--data /var/lib/garant" in done.stderr
