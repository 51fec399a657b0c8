"""To whom the processes of this machine speak, as the kernel's tables say: connections that they opened, not those that they accepted.

Connected TCP sockets, those that are being opened, and connected UDP sockets. A datagram sent without a connection leaves no trace here,
and what opened and closed between two looks was not there.
"""

import contextlib
import ipaddress
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LISTEN = "0A"
SPEAKING = {"01", "02", "04", "05", "08", "09", "0B"}
"""Established, being opened, and being closed from either side."""


@dataclass(frozen=True, order=True)
class Connection:
    """One outgoing connection of one process. `own`: the other end is a port at which one of the same processes listens."""

    address: str
    port: int
    pid: int
    own: bool


def outgoing(pids: Iterable[int], proc: Path = PROC) -> list[Connection]:
    """Outgoing connections of these processes, as far as this user may look into them."""
    holders = _holders(pids, proc)
    rows = [row for table in ("tcp", "tcp6", "udp", "udp6") for row in _rows(proc / "net" / table)]
    listening = {row.local_port for row in rows if row.state == LISTEN}
    ours = {(row.local, row.local_port) for row in rows if row.state == LISTEN and row.inode in holders}
    found = set()
    for row in rows:
        if row.inode in holders and row.state in SPEAKING and row.port and row.local_port not in listening:
            own = any(port == row.port and (host == row.address or (_any(host) and _here(row.address))) for host, port in ours)
            found.add(Connection(row.address, row.port, holders[row.inode], own))
    return sorted(found)


def parents(proc: Path = PROC) -> Mapping[int, int]:
    """Every process that lives, to the one that started it."""
    found = {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            found[int(entry.name)] = int(fields[1])
    return found


@dataclass(frozen=True)
class _Row:
    local: str
    local_port: int
    address: str
    port: int
    state: str
    inode: str


def _rows(table: Path) -> list[_Row]:
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except FileNotFoundError:  # a machine without IPv6
        return []
    found = []
    for fields in (line.split() for line in lines):
        (local, _, port), (remote, _, far) = fields[1].partition(":"), fields[2].partition(":")
        found.append(_Row(_address(local), int(port, 16), _address(remote), int(far, 16), fields[3], fields[9]))
    return found


def _address(hexadecimal: str) -> str:
    """The kernel writes addresses as 32-bit words in the machine's order (little endian wherever we run)."""
    words = [bytes.fromhex(hexadecimal[at : at + 8])[::-1] for at in range(0, len(hexadecimal), 8)]
    found = ipaddress.ip_address(b"".join(words))
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _holders(pids: Iterable[int], proc: Path) -> dict[str, int]:
    """Socket inode to process."""
    found: dict[str, int] = {}
    for pid in pids:
        for link in _links(proc / str(pid) / "fd"):
            if link.startswith("socket:["):
                found.setdefault(link[8:-1], pid)
    return found


def _links(directory: Path) -> Iterator[str]:
    try:
        for descriptor in directory.iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                yield os.readlink(descriptor)
    except OSError:  # ended meanwhile, or not ours to see
        return


def _any(address: str) -> bool:
    return ipaddress.ip_address(address).is_unspecified


def _here(address: str) -> bool:
    """An address of the loopback: whatever listens on all addresses listens there. Another address of this machine must be named."""
    return ipaddress.ip_address(address).is_loopback
