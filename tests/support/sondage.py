"""The example application, served for real: its own database on the test run's server, a keyring, a Unix socket."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from psycopg import sql

from support.assertions import Signer
from support.database import Database
from support.keyring import KeyringProcess

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "examples" / "sondage"
PATIENCE = 30.0
"""Seconds."""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, host: str) -> None:
        super().__init__(host, timeout=PATIENCE)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self.path))


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Sondage:
    """`with Sondage(database) as application: application.ask("/healthz")`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.signer = Signer()
        self.data = Path(tempfile.mkdtemp(prefix="sondage-"))
        self.socket = self.data / "app.sock"
        self.name = f"sondage_{self.data.name.rpartition('-')[2].lower()}"
        self.owner = f"{self.name}_owner"
        self.keyring = KeyringProcess(database, name=f"keys_of_{self.name}")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Sondage":
        self.keyring.__enter__()
        name, owner = sql.Identifier(self.name), sql.Identifier(self.owner)
        with self.database.administrator.connect("postgres") as server:
            self._execute(server, "create role {} login createdb password {}", owner, sql.Literal(self.name))
            self._execute(server, "grant garant_priv to {}", owner)
            self._execute(server, "grant connect on database postgres to {}", owner)  # its own tests make a database from there
            self._execute(server, "create role {} login password {}", name, sql.Literal(self.name))
            self._execute(server, "create database {} owner {}", name, owner)
        with self.database.administrator.connect(self.name) as inside:
            for what in ("select, insert, update, delete on tables", "usage on sequences"):
                self._execute(inside, f"alter default privileges for role {{}} in schema public grant {what} to {{}}", owner, name)
            inside.execute("create schema garant authorization garant_priv")
        (self.data / "password").write_text(self.name, encoding="ascii")
        self.signer.write(self.data / "keys.json")
        self.manage("migrate", owner=True)
        self.manage("seed")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        with self.database.administrator.connect("postgres") as server:
            self._execute(server, "drop database {} with (force)", sql.Identifier(self.name))
            self._execute(server, "drop role {}", sql.Identifier(self.name))
            self._execute(server, "revoke connect on database postgres from {}", sql.Identifier(self.owner))
            self._execute(server, "drop role {}", sql.Identifier(self.owner))
        self.keyring.__exit__(kind, error, trace)

    def _execute(self, server: object, statement: str, *parts: sql.Composable) -> None:
        server.execute(sql.SQL(statement).format(*parts))  # type: ignore[attr-defined]

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT / 'src'}:{HOME}",
            "DJANGO_SETTINGS_MODULE": "sondage.settings",
            "SONDAGE_DATA": str(self.data / "data"),
            "SONDAGE_KEYS": str(self.data / "keys.json"),
            "SONDAGE_DATABASE_HOST": str(self.database.cluster.socket),
            "SONDAGE_DATABASE_PORT": str(self.database.cluster.port),
            "SONDAGE_DATABASE_NAME": self.name,
            "SONDAGE_DATABASE_USER": self.name,
            "SONDAGE_DATABASE_PASSWORD_FILE": str(self.data / "password"),
            "SONDAGE_KEYRING": str(self.keyring.socket),
            "SONDAGE_KEYRING_TOKEN_FILE": str(self.keyring.token),
            "SONDAGE_CONTEXT_KEY_FILE": str(self.database.data / "secrets" / "context-sondage"),
        }

    def manage(self, *words: str, seconds: float = 120, owner: bool = False) -> "subprocess.CompletedProcess[str]":
        """A management command, run to its end; its own words when it fails. `owner`: as the role that owns the tables."""
        environment = {**self.environment, **({"SONDAGE_DATABASE_USER": self.owner} if owner else {})}
        command = [sys.executable, str(HOME / "manage.py"), *words]
        done = subprocess.run(command, env=environment, cwd=HOME, capture_output=True, text=True, timeout=seconds, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def start(self) -> None:
        """Serve on the socket, and return when it answers."""
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--uds", str(self.socket), "--workers", "1"]
        command += ["--blocking-threads", "4", "sondage.wsgi:application"]
        with (self.data / "log").open("wb") as log:
            self._process = subprocess.Popen(command, env=self.environment, cwd=HOME, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                assert self.ask("/healthz", host="localhost").status == 200
                return
            except (OSError, http.client.HTTPException):
                said = (self.data / "log").read_text(encoding="utf-8")
                assert self._process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    def ask(
        self, path: str, *, host: str = "saint-elan.garant.localhost", method: str = "GET", body: bytes = b"", **headers: str
    ) -> Answer:
        """One request over the socket; header names with underscores for hyphens."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask_raw(path, list(sent.items()), host=host, method=method, body=body)

    def ask_raw(self, path: str, headers: list[tuple[str, str]], *, host: str, method: str = "GET", body: bytes = b"") -> Answer:
        """One request with exactly these headers, repeated names included."""
        connection = UnixConnection(self.socket, host)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in [("Host", host), *headers, ("Content-Length", str(len(body)))]:
                connection.putheader(name, value)
            connection.endheaders(body)
            found = connection.getresponse()
            return Answer(found.status, found.headers, found.read())
        finally:
            connection.close()
