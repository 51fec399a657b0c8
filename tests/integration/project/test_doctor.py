"""`garant doctor` on deployments of which one thing is broken: it names that thing, says what to do, and blames nothing else."""

import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from garant.kernel.clock import SystemClock
from garant.project import provision
from garant.project.cli.doctor import Finding, examine
from garant.project.runtime import Runtime
from garant.vault.engines.backups import save
from garant.vault.engines.keylog import KeyLog
from garant.vault.engines.keystore import KeyStore
from support.database import Database
from support.registers import two_sites
from support.tls import Authority, free_port

NOW = SystemClock().now
COPY = "doctored"


class Deployment:
    """A data directory that looks as if its supervisor (this very process) ran on the test run's database."""

    def __init__(self, data: Path, database: Database) -> None:
        self.runtime = provision.prepare(data)
        for secret in (database.data / "secrets").glob("database-*"):
            shutil.copy2(secret, data / "secrets" / secret.name)
        self.listeners = [_listener(), _listener()]
        https, http = (each.getsockname()[1] for each in self.listeners)
        serving = {"state": "serving", "restarts": 0, "started": "2026-11-20T10:00:00.000000Z", "pid": os.getpid()}
        self.state: dict[str, Any] = {
            "database": "garant",
            "database_socket": str(database.cluster.socket),
            "database_port": database.cluster.port,
            "supervisor": os.getpid(),
            "https": https,
            "http": http,
            "processes": {name: dict(serving) for name in ("web", "decision", "worker", "haproxy")},
        }
        self.certificate = data / "run" / "certs" / "site.pem"
        self.certificate.parent.mkdir(exist_ok=True)
        self.give_certificate(days=90)
        self.write()

    def give_certificate(self, *, days: int) -> None:
        authority = Authority(self.runtime.data / "authority")
        authority.leaf(self.certificate, ["garant.localhost"], days=days, age=400)

    def write(self, **changes: Any) -> None:
        self.state |= changes
        self.runtime.write_state(self.state)

    def findings(self, now: datetime | None = None) -> list[Finding]:
        return list(examine(self.runtime.data, now or NOW()))

    def wrong(self, now: datetime | None = None) -> dict[str, Finding]:
        """What is in error, by subject."""
        return {each.subject: each for each in self.findings(now) if each.grade == "error"}


def _listener() -> socket.socket:
    made = socket.socket()
    made.bind(("0.0.0.0", 0))
    made.listen()
    return made


@pytest.fixture
def place(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    with tempfile.TemporaryDirectory(prefix="garant-doctor-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        data = Path(made) / "data"
        monkeypatch.setenv("GARANT_DATA", str(data))
        monkeypatch.delenv("GARANT_DATABASE_URL", raising=False)
        deployment = Deployment(data, database)
        yield deployment
        for each in deployment.listeners:
            each.close()


def test_nothing_is_wrong_with_a_whole_deployment(place: Deployment) -> None:
    """What makes the tests below mean something: each breaks one thing of this."""
    found = place.findings()
    assert [each for each in found if each.grade == "error"] == []
    said = {each.subject: each.text for each in found if each.grade == "ok"}
    assert said["database"] == "answers; its tables are up to date"
    assert said["certificate"].startswith("site.pem is valid for 8")
    assert {"web", "decision", "worker", "haproxy", "clock", "journal", "disk", "languages", "configuration"} <= said.keys()


def test_a_keyring_that_does_not_answer_is_named_with_its_log(place: Deployment) -> None:
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(place.runtime.keyring_socket))
    door.close()
    wrong = place.wrong()
    assert wrong.keys() == {"sealing"}
    assert "nobody listens" in wrong["sealing"].text
    assert wrong["sealing"].advice.endswith("keyring.log")


def test_an_application_of_the_operators_without_its_user_seals_nothing_and_is_told_how(place: Deployment) -> None:
    (place.runtime.data / "garant.toml").write_text('[application]\nname = "surveys"\nupstream = "127.0.0.1:9000"\n', encoding="utf-8")
    found = [each for each in place.findings() if each.subject == "sealing"]
    assert [each.grade for each in found] == ["warning"]
    assert "application.user" in found[0].advice


def test_a_key_store_without_its_root_its_log_or_a_backup_is_named_with_what_to_do(place: Deployment) -> None:
    data = place.runtime.data
    assert [each.grade for each in place.findings() if each.subject == "keys"] == ["warning"]
    store, log = KeyStore(data / "keys"), KeyLog(data / "key-log" / "keys.log")
    store.make_root()
    log.begin()
    store.saw_log(0)
    assert [each.grade for each in place.findings() if each.subject == "keys"] == ["ok", "warning", "ok"]
    log.path.unlink()
    assert "missing or shorter" in place.wrong()["keys"].text
    log.begin()
    (data / "garant.toml").write_text(f'[vault]\nbackups = "{data}/saved"\n', encoding="utf-8")
    assert "no backup of the key store of this epoch" in place.wrong()["keys"].text
    save(store, data / "saved", at=NOW(), outbox=0)
    assert place.wrong() == {}
    assert "garant key backup" in place.wrong(NOW() + timedelta(days=3))["keys"].advice
    (data / "keys" / "root" / "1.key").unlink()
    assert "escrow" in place.wrong()["keys"].text


def test_a_stopped_database_is_named_with_its_log(place: Deployment, tmp_path: Path) -> None:
    place.write(database_socket=str(tmp_path))
    wrong = place.wrong()
    assert wrong.keys() == {"database"}
    assert "No such file or directory" in wrong["database"].text
    assert wrong["database"].advice == f"its log: {place.runtime.data / 'logs' / 'postgres.log'}"


def test_a_database_elsewhere_that_is_away_points_to_its_url(
    place: Deployment, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    secret = place.runtime.secret("database-web")
    monkeypatch.setenv("GARANT_DATABASE_URL", f"postgresql://admin:{secret}@127.0.0.1:{free_port()}/garant")
    wrong = place.wrong()
    assert wrong.keys() == {"database"}
    assert "refused" in wrong["database"].text
    assert "GARANT_DATABASE_URL" in wrong["database"].advice
    assert secret not in str(wrong), "what doctor says is copied into messages"


def test_tables_that_are_older_than_the_programs_are_named(place: Deployment, database: Database) -> None:
    database.copy(COPY)
    try:
        with database.connect("postgres", name=COPY) as admin:
            gone = admin.execute(
                "delete from django_migrations where id = (select max(id) from django_migrations) returning name"
            ).fetchall()
        assert len(gone) == 1
        place.write(database=COPY)
        wrong = place.wrong()
        assert wrong.keys() == {"database"}
        assert wrong["database"].text == "tables are older than the programs"
        assert "garant init" in wrong["database"].advice
    finally:
        with database.connect("postgres") as admin:
            admin.execute(f"drop database if exists {COPY} with (force)")


@pytest.mark.parametrize(
    ("days", "grade", "words"),
    [(-3, "error", "site.pem ended on "), (5, "warning", "site.pem ends on "), (60, "ok", "site.pem is valid for ")],
)
def test_a_certificate_that_ends_is_told_before_and_after(place: Deployment, days: int, grade: str, words: str) -> None:
    place.give_certificate(days=days)
    (found,) = [each for each in place.findings() if each.subject == "certificate"]
    assert found.grade == grade
    assert found.text.startswith(words)
    assert ("renew it" in found.advice) is (grade != "ok")
    if grade != "ok":
        ends = datetime.strptime(found.text.rpartition(" ")[2], "%Y-%m-%d").replace(tzinfo=UTC)
        assert abs(ends - NOW() - timedelta(days=days)) < timedelta(days=2)


def test_a_process_that_keeps_dying_is_named_with_its_log(place: Deployment) -> None:
    processes: Mapping[str, Any] = place.state["processes"]
    processes["worker"].update(state="down", restarts=4)
    processes["web"].update(restarts=2)
    place.write()
    found = {each.subject: each for each in place.findings()}
    assert (found["worker"].grade, found["worker"].text) == ("error", "the process is down, started 5 times")
    assert found["worker"].advice.endswith("logs/worker.log")
    assert (found["web"].grade, found["web"].text) == ("warning", "serves, but died 2 times since the start")
    assert found["decision"].grade == "ok"


def test_an_application_that_does_not_listen_is_named(place: Deployment) -> None:
    free = free_port()
    (place.runtime.data / "garant.toml").write_text(f"[application]\nupstream = '127.0.0.1:{free}'\n", encoding="utf-8")
    wrong = place.wrong()
    assert wrong.keys() == {"application"}
    assert wrong["application"].text.startswith(f"nothing answers at 127.0.0.1:{free}")
    with socket.create_server(("127.0.0.1", free)):
        assert place.wrong() == {}


def test_a_statement_that_could_not_be_put_in_force_is_told_until_it_is(place: Deployment) -> None:
    place.runtime.note_trouble("statements", "ours.toml:3: not valid TOML")
    (found,) = [each for each in place.findings() if each.subject == "statements"]
    assert (found.grade, found.text) == ("warning", "not in force: ours.toml:3: not valid TOML")
    assert found.advice == "correct it, then: garant settle statements"
    place.runtime.note_trouble("statements", "")
    assert not [each for each in place.findings() if each.subject == "statements"]


def test_a_data_directory_that_cannot_be_written_is_named(place: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for a disk mounted read-only: the kernel's answer alone is pretended."""
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode, **more: path != place.runtime.data and may(path, mode, **more))
    wrong = place.wrong()
    assert wrong.keys() == {"data"}
    assert "cannot be written" in wrong["data"].text


def test_an_edge_that_does_not_listen_is_named(place: Deployment) -> None:
    place.listeners[0].close()
    wrong = place.wrong()
    assert wrong.keys() == {"ports"}
    assert wrong["ports"].text == f"nobody listens on port {place.state['https']}"


def test_before_the_start_a_port_in_use_is_named_with_the_way_out(place: Deployment) -> None:
    place.write(supervisor=0)
    found = [each for each in place.findings() if each.subject == "ports"]
    assert [each.grade for each in found] == ["error", "error"]
    assert "in use by another program" in found[0].text
    assert "--https" in found[0].advice
    assert not any(each.subject == "database" for each in place.findings()), "a database that nobody started is not away"


def test_two_clocks_apart_are_told(place: Deployment) -> None:
    wrong = place.wrong(NOW() + timedelta(seconds=90))
    assert wrong.keys() == {"clock"}
    assert "s apart" in wrong["clock"].text


def test_a_mistake_in_the_configuration_stops_the_examination_at_its_line(place: Deployment) -> None:
    (place.runtime.data / "garant.toml").write_text("[tls]\nprofil = 'modern'\n", encoding="utf-8")
    (found,) = place.findings()
    assert (found.subject, found.grade) == ("configuration", "error")
    assert "garant.toml:2: unknown key profil" in found.text


def test_no_secret_is_in_what_it_says(place: Deployment) -> None:
    place.write(database_socket="/nowhere")
    said = json.dumps([each.text + each.advice for each in place.findings()])
    held = [path.read_text(encoding="ascii").strip() for path in (place.runtime.data / "secrets").glob("*")]
    assert len(held) > 3
    assert [secret for secret in held if secret in said] == []
    assert Runtime(place.runtime.data).state()["database_socket"] == "/nowhere"


def test_a_register_with_a_mistake_is_named_with_its_line_and_an_old_word_too(place: Deployment) -> None:
    path = place.runtime.data / "places.toml"
    absent = next(each for each in place.findings() if each.subject == "places")
    assert (absent.grade, "docs/places.md" in absent.advice) == ("warning", True)
    path.write_text(two_sites().toml(), encoding="utf-8")
    assert {each.grade for each in place.findings() if each.subject == "places"} == {"ok"}
    path.write_text(two_sites().toml().replace('"secondary"', '"second"'), encoding="utf-8")
    assert "'second' is no role of a site; write 'secondary'" in place.wrong()["places"].text
    path.write_text(two_sites().place("calgary", until="2020-01-01").toml(), encoding="utf-8")
    assert place.wrong()["places"].text == "the word of Hébergement Calgary on calgary has ended"
