"""Does it serve? Short questions over a Unix socket or through the edge, each with a time limit."""

import http.client
import socket
import ssl
from pathlib import Path

LIMIT = 2.0
"""Seconds."""


class _OverSocket(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("127.0.0.1", timeout=LIMIT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT)
        self.sock.connect(str(self._path))


def status_over_socket(path: Path, target: str) -> int:
    """Status of a GET over a Unix socket; 0 when nothing answers."""
    connection = _OverSocket(path)
    try:
        connection.request("GET", target, headers={"Host": "127.0.0.1", "X-Forwarded-Proto": "https"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def accepts(path: Path) -> bool:
    """Whether somebody listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(LIMIT)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def accepts_on(port: int) -> bool:
    """Whether somebody listens on a TCP port of the loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), LIMIT).close()
    except OSError:
        return False
    return True


def status_through_edge(port: int, host: str, target: str = "/") -> int:
    """Status of a GET through the public port, with name `host`; 0 when nothing answers.

    This asks whether the edge serves; whether its certificate is trusted is a promise of its own and is measured elsewhere.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), LIMIT) as plain, context.wrap_socket(plain, server_hostname=host) as secure:
            name = host if port == 443 else f"{host}:{port}"
            secure.sendall(f"GET {target} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            line = secure.recv(64).split(b" ")
            return int(line[1]) if len(line) > 1 and line[1].isdigit() else 0
    except (OSError, ValueError):
        return 0


def holder_of_port(port: int) -> str:
    """Who listens on a TCP port, in words, or '' when it is free on every address."""
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104 - asked, not opened
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind((address, port))
        except PermissionError:
            return "the system, which keeps ports below 1024 for root"
        except OSError as error:
            if error.errno in (97, 99):  # a machine without IPv6
                continue
            return "another program"
    return ""


def free_port() -> int:
    """A TCP port of the loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
