"""A real keyring process on a database of its own, with two organisations that have keys.

with KeyringProcess(database) as served:
    keyring = served.client()
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from garant.drivers.process import Deadline
from garant.project.supervisor import ready
from garant.sdk.keyring import Keyring
from support.database import Database
from support.world import ROOT, Steward

ELAN, RAPIDES = "saint-elan", "trois-rapides"
PATIENCE = 30.0
"""Seconds."""


class KeyringProcess:
    """The served keyring. `tenants`: slug to id."""

    def __init__(self, database: Database, *, name: str = "test_keyring") -> None:
        self._database, self._name = database, name
        self._directory = Path(tempfile.mkdtemp(prefix="keyring-"))
        self.socket = self._directory / "keys.sock"
        self.token = database.data / "secrets" / "keyring-sondage"
        self.tenants: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "KeyringProcess":
        self._database.copy(self._name)
        self.steward = Steward(self.environment)
        for slug in (ELAN, RAPIDES):
            self.tenants[slug] = self.steward.ask("organisation", slug=slug, host=f"{slug}.garant.localhost")
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        self.steward.stop()
        with self._database.administrator.connect("postgres") as server:
            server.execute(f"drop database if exists {self._name} with (force)")
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GARANT_", "DJANGO_"))}
        return {
            **inherited,
            "GARANT_DATA": str(self._database.data),
            "GARANT_DATABASE_URL": f"postgresql://127.0.0.1:{self._database.cluster.port}/{self._name}",
            "GARANT_ROLE": "web",
            "DJANGO_SETTINGS_MODULE": "garant.project.settings",
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}",
        }

    def start(self) -> None:
        """Serve, and return when it answers."""
        self.socket.unlink(missing_ok=True)
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--uds", str(self.socket), "--no-ws", "--workers", "1"]
        command += ["--blocking-threads", "4", "garant.project.wsgi_keyring:application"]
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=self.environment, cwd="/", stdout=log, stderr=log, start_new_session=True, umask=0o007
            )
        for _ in Deadline(PATIENCE).tries(0.05):
            if ready.status_over_socket(self.socket, "/healthz") == 200:
                return
        raise AssertionError((self._directory / "log").read_text(encoding="utf-8"))

    def signal(self, number: int) -> None:
        """To the whole process group: the server has workers."""
        assert self._process is not None
        os.killpg(self._process.pid, number)

    def stop(self) -> None:
        if self._process is not None:
            for number in (signal.SIGCONT, signal.SIGKILL):
                try:
                    self.signal(number)
                except ProcessLookupError:
                    break
            self._process.wait(PATIENCE)
            self._process = None

    def client(self, **more: Any) -> Keyring:
        """As an application makes it, but patient: the machine that runs the tests is busy."""
        return Keyring(self.socket, self.token, **{"patience": timedelta(seconds=5), **more})

    def keys(self, tenant: str, act: str) -> Any:
        return self.steward.ask("keys", tenant=tenant, act=act)
