"""Who is at the other end of a connection on this machine: the kernel's table of TCP sockets says whose each is."""

import contextlib
import ipaddress
import os
import pwd
import socket
from pathlib import Path

from garant.drivers.process import SERVICE_USER

TABLES = ("tcp", "tcp6")
ESTABLISHED = "01"
"""Once closed, the kernel shows a socket as root's."""


def trusted_users() -> frozenset[int]:
    """Who may write the edge's log: root, whoever runs this process, the service user."""
    users = {0, os.geteuid()}
    with contextlib.suppress(KeyError):  # no such user: nothing here runs as root
        users.add(pwd.getpwnam(SERVICE_USER).pw_uid)
    return frozenset(users)


def owner_of_peer(link: socket.socket, *, proc: Path = Path("/proc/net")) -> int | None:
    """The user number of the process that connected to us over loopback; None when the kernel does not (any longer) say."""
    here, there = link.getsockname()[:2], link.getpeername()[:2]
    for table in TABLES:
        try:
            lines = (proc / table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if words[3] == ESTABLISHED and words[9] != "0" and (_end(words[1]), _end(words[2])) == (there, here):
                return int(words[7])
    return None


def _end(text: str) -> tuple[str, int]:
    """`0100007F:1F90` as the kernel writes it: 32-bit words in this machine's order."""
    address, port = text.split(":")
    words = [int(address[i : i + 8], 16).to_bytes(4, "little" if _LITTLE else "big") for i in range(0, len(address), 8)]
    found = ipaddress.ip_address(b"".join(words))
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found), int(port, 16)


_LITTLE = socket.htonl(1) != 1
