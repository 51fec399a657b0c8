"""What one deployment holds on disk: one place that knows the names in the data directory.

<data>/secrets/NAME      one secret a file, mode 0600 (or group-readable by `garant`), made by `provision`
<data>/run/              sockets and the edge's generated files; closed to everybody but `garant`
<data>/run/state.json    ports and addresses in use, written by the supervisor
<data>/run/trouble-*.txt why a step of settlement failed at its last run
<data>/run/sockets.json  listening sockets that its processes hold, looked at every few seconds
<data>/keyring/keys.sock the keyring of applications; the protected application's group may connect
<data>/app/app.sock      the example application, which runs as `garant-app`; `garant` may connect
<data>/sondage/          the example application's own files, closed to `garant`
<data>/pg/               the embedded PostgreSQL
<data>/keys/             the vault's key store: never in a database, never in a database's backup
<data>/key-log/          what became of keys: apart from the key store and from every backup of it, so that a restored one is compared
"""

import hashlib
import json
import os
import secrets as randomness
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from garant.kernel.errors import ConfigurationError


class Runtime:
    """Reads (and for secrets, makes) the files of a data directory. Nothing is cached: processes restart often in tests."""

    def __init__(self, data: Path) -> None:
        self.data = data

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def application_socket(self) -> Path:
        """Where the example application listens: a directory of its own, since it may not enter `run`."""
        return self.data / "app" / "app.sock"

    @property
    def keyring_socket(self) -> Path:
        """Where the keyring listens: a directory of its own, which the application's group may enter."""
        return self.data / "keyring" / "keys.sock"

    def secret(self, name: str) -> str:
        """The secret `name`. Outside a data directory (type checks, `makemigrations`) an unusable placeholder is returned."""
        path = self.data / "secrets" / name
        try:
            return path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return "unusable-" + "0" * 50
        except PermissionError as error:
            raise ConfigurationError(f"{path} cannot be read by this user; run as the user that started `garant up`") from error

    def make_secret(self, name: str, *, group: int | None = None) -> str:
        """The secret `name`, made at first use: 256 random bits, written whole or not at all.

        Mode 0600; with `group` (its number) 0640 for the processes that run as the service user.
        """
        if not (self.data / "secrets" / name).exists():
            self._write_secret(name, randomness.token_urlsafe(32), group=group)
        return self.secret(name)

    def make_token(self, name: str, *, holder: int | None, checker: int | None) -> None:
        """The secret `name`, read by the group `holder`, and its digest in `<name>-digest`, read by the group that checks it.

        Whoever checks a token cannot use it elsewhere. A token that was changed by hand gets its digest at the next start.
        """
        digest = hashlib.sha256(self.make_secret(name, group=holder).encode()).hexdigest()
        path = self.data / "secrets" / f"{name}-digest"
        if not path.exists() or path.read_text(encoding="ascii").strip() != digest:
            self._write_secret(f"{name}-digest", digest, group=checker)

    def token_digest(self, name: str) -> bytes:
        """The SHA-256 of the token `name`; of nothing where there is none, so that no token fits."""
        try:
            return bytes.fromhex(self.secret(f"{name}-digest"))
        except ValueError:
            return b""

    def write_state(self, state: Mapping[str, Any]) -> None:
        """Replace the runtime state, whole or not at all; read by its owner and the directory's group only."""
        self._replace("state.json", state)

    def write_sockets(self, seen: Mapping[str, Any]) -> None:
        """Replace what the supervisor saw of sockets, in the same way."""
        self._replace("sockets.json", seen)

    def write_sought(self, found: Mapping[str, Any]) -> None:
        """Replace what the seeker found, in the same way."""
        self._replace("sought.json", found)

    def write_seek(self, asked: Mapping[str, Any]) -> None:
        """Replace what the seeker is asked, in the same way."""
        self._replace("seek.json", asked)

    def sought(self) -> Mapping[str, Any]:
        """What the seeker found last; empty when it never answered."""
        try:
            found: Mapping[str, Any] = json.loads((self.run / "sought.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found

    def _write_secret(self, name: str, value: str, *, group: int | None) -> None:
        path = self.data / "secrets" / name
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        temporary = path.with_name(f".{name}.{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(value)
            if group is not None:
                os.fchown(descriptor, -1, group)
                os.fchmod(descriptor, 0o640)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)

    def _replace(self, name: str, content: Mapping[str, Any]) -> None:
        temporary = self.run / f".{name}.new"
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o640)
            file.write(json.dumps(content, indent=1, sort_keys=True) + "\n")
        os.replace(temporary, self.run / name)

    def note_trouble(self, step: str, sentence: str) -> None:
        """Why a step of settlement failed, for `doctor` and the operator's page; an empty sentence when it succeeded."""
        path = self.run / f"trouble-{step}.txt"
        if sentence:
            path.write_text(f"{sentence}\n", encoding="utf-8")
        else:
            path.unlink(missing_ok=True)

    def troubles(self) -> Mapping[str, str]:
        """Steps of settlement whose last run failed, with the reason."""
        found = sorted(self.run.glob("trouble-*.txt"))
        return {path.stem.removeprefix("trouble-"): path.read_text(encoding="utf-8").strip() for path in found}

    def state(self) -> Mapping[str, Any]:
        """Addresses in use; empty before the first start."""
        try:
            found: Mapping[str, Any] = json.loads((self.run / "state.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return found

    def database_name(self) -> str:
        return str(self.state().get("database", "garant"))

    def database_socket(self) -> Path:
        return Path(self.state().get("database_socket", self.data / "pg" / "sock"))

    def database_port(self) -> int:
        return int(self.state().get("database_port", 5432))
