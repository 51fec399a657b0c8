"""Looks under each directory of data, down to the disk (CIR-25).

Each run also looks at a planted machine, made of files, whose data lie in clear below layers that only seem to encrypt: it must be
found clear, or the run is void.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from garant.data.engines.house import Connect
from garant.drivers import volumes
from garant.drivers.volumes import Volume
from garant.kernel.canonical import Json
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise

TABLESPACES = "select spcname, pg_tablespace_location(oid) from pg_tablespace where pg_tablespace_location(oid) <> ''"
ELSEWHERE = Volume(volumes.UNSEEN, ("another server",))


def places(data: Path, *, attachments: Sequence[Path], remote: bool) -> dict[str, Path | None]:
    """Directories that hold data, by the name under which facts speak of them. `remote`: the database is on another server."""
    found: dict[str, Path | None] = {
        "postgresql": None if remote else data / "pg",
        "keys": data / "keys",
        "secrets": data / "secrets",
        "logs": data / "logs",
        "run": data / "run",
        "key-log": data / "key-log",
        "temporary": Path(tempfile.gettempdir()),
    }
    if not remote and (data / "pg" / "pg_wal").is_symlink():
        found["wal"] = data / "pg" / "pg_wal"
    found |= {f"attachments:{number}" if number else "attachments": path for number, path in enumerate(attachments)}
    return found


class Volumes:
    """`remote`: the database server is not on this machine. `provider`: who encrypts the disks below this machine, by the operator's
    word; a disk that is clear from here then counts as unseen, never as encrypted."""

    def __init__(
        self,
        deployment: Deployment,
        *,
        attachments: Sequence[Path] = (),
        remote: bool = False,
        provider: str = "",
        connect: Connect | None = None,
        root: Path = Path("/"),
    ) -> None:
        self._places = places(deployment.data, attachments=attachments, remote=remote)
        self._provider, self._connect, self._root = provider, connect, root

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002 - the protocol's name
        """The state and the layers of each place. Raises EngineError when the kernel's own lists cannot be read."""
        try:
            seen = {name: volumes.look(path, root=self._root) if path else ELSEWHERE for name, path in self._places.items()}
            seen |= {f"swap:{name}": volume for name, volume in volumes.swaps(root=self._root).items()}
            seen |= self._tablespaces()
        except OSError as error:
            raise EngineError(f"the mounts of this machine cannot be read: {error.strerror}") from error
        facts = {name: self._fact(volume) for name, volume in seen.items()}
        return Observation(
            checked=len(facts),
            in_scope=len(facts),
            facts={"places": facts, "provider": self._provider},
            canary=Canary.HELD if planted_is_found() else Canary.MISSED,
        )

    def _fact(self, volume: Volume) -> Json:
        state = "provider" if volume.state == volumes.CLEAR and self._provider else volume.state
        return {"state": state, "layers": list(volume.chain)}

    def _tablespaces(self) -> Mapping[str, Volume]:
        if self._connect is None or self._places["postgresql"] is None:
            return {}
        with self._connect() as database:
            rows = database.execute(TABLESPACES).fetchall()
        return {f"tablespaces:{number}": volumes.look(Path(str(place)), root=self._root) for number, (_, place) in enumerate(rows)}


def planted_is_found() -> bool:
    """Whether a planted machine with data in clear, one directory in each of three disguises, is found out."""
    with tempfile.TemporaryDirectory(prefix="garant-planted-") as made:
        root = Path(made)
        plant(
            root,
            mounts={"/": "8:1 ext4 /dev/sda1", "/data": "253:1 ext4 /dev/mapper/check", "/half": "253:2 xfs /dev/mapper/both"},
            devices={
                "8:0": ("sda", {}),
                "8:1": ("sda/sda1", {"partition": "1"}),
                "253:0": ("dm-0", {"dm/uuid": "CRYPT-LUKS2-a-b", "slaves": "sda1"}),
                "253:1": ("dm-1", {"dm/uuid": "CRYPT-VERITY-a-b", "slaves": "sda1"}),
                "253:2": ("dm-2", {"dm/uuid": "LVM-x", "slaves": "dm-0 sda1"}),
                "253:3": ("dm-3", {"dm/uuid": "LVM-y", "slaves": "dm-0"}),
            },
            more={"/sealed": "253:3 ext4 /dev/mapper/vg"},
        )
        clear = all(volumes.look(Path(place), root=root).state == volumes.CLEAR for place in ("/x", "/data/x", "/half/x"))
        return clear and volumes.look(Path("/sealed/x"), root=root).state == volumes.ENCRYPTED


def plant(
    root: Path, *, mounts: Mapping[str, str], devices: Mapping[str, tuple[str, Mapping[str, str]]], more: Mapping[str, str] | None = None
) -> None:
    """Files that look like /proc and /sys of a machine. `mounts`: point to `device kind source`; `devices`: number to its place below
    the disks, and its files (`slaves`: names of devices listed here)."""
    (root / "proc/self").mkdir(parents=True)
    lines = []
    for line, (point, words) in enumerate({**mounts, **(more or {})}.items(), 20):
        device, kind, source = words.split(maxsplit=2)
        lines.append(f"{line} 1 {device} / {point} rw - {kind} {source} rw\n")
    (root / "proc/self/mountinfo").write_text("".join(lines), encoding="utf-8")
    (root / "proc/swaps").write_text("Filename Type Size Used Priority\n", encoding="utf-8")
    by_number, block = root / "sys/dev/block", root / "sys/class/block"
    by_number.mkdir(parents=True)
    block.mkdir(parents=True)
    homes = {place.rpartition("/")[2]: root / "sys/devices" / place for place, _ in devices.values()}
    for number, (place, files) in devices.items():
        home = homes[place.rpartition("/")[2]]
        home.mkdir(parents=True, exist_ok=True)
        (home / "dev").write_text(f"{number}\n", encoding="utf-8")
        (by_number / number).symlink_to(home)
        (block / home.name).symlink_to(home)
        for name, content in files.items():
            if name == "slaves":
                (home / "slaves").mkdir()
                for slave in content.split():
                    (home / "slaves" / slave).symlink_to(homes[slave])
            else:
                (home / name).parent.mkdir(parents=True, exist_ok=True)
                (home / name).write_text(f"{content}\n", encoding="utf-8")
