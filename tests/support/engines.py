"""Data servers that only greet, where the real ones cannot run here: SQL Server, MongoDB, MySQL, Redis. They speak the first bytes of the
protocols as the vendors publish them (MS-TDS 2.2.6.5, the MongoDB wire protocol, the MySQL handshake), and nothing more."""

import contextlib
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

MARIADB = shutil.which("mariadbd", path="/usr/sbin:/usr/bin")
Say = Callable[[bytes], bytes]


def sqlserver(asked: bytes) -> bytes:
    """PRELOGIN for PRELOGIN: VERSION 16.0.1000, ENCRYPTION off."""
    if not asked or asked[0] != 0x12:
        return b""
    options = b"\x00" + struct.pack("!HH", 11, 6) + b"\x01" + struct.pack("!HH", 17, 1) + b"\xff"
    body = options + struct.pack("!BBHH", 16, 0, 1000, 0) + b"\x02"
    return struct.pack("!BBHHBB", 4, 1, 8 + len(body), 0, 1, 0) + body


def mongodb(asked: bytes) -> bytes:
    """A `hello` reply as OP_MSG; nothing for anybody who does not say hello."""
    if b"hello\x00" not in asked or struct.unpack("<i", asked[12:16])[0] != 2013:
        return b""
    body = b"\x08isWritablePrimary\x00\x01" + b"\x10maxWireVersion\x00" + struct.pack("<i", 21)
    document = struct.pack("<i", len(body) + 5) + body + b"\x00"
    message = struct.pack("<iB", 0, 0) + document
    return struct.pack("<iiii", 16 + len(message), 7, 1, 2013) + message


def redis(asked: bytes) -> bytes:
    return b"+PONG\r\n" if b"PING" in asked else b"-ERR\r\n"


def mysql(asked: bytes) -> bytes:
    """The greeting of a MySQL 8.0.36; it comes before anything is asked."""
    body = b"\x0a8.0.36\x00" + struct.pack("<I", 7) + b"abcdefgh\x00" + b"\xff\xf7\xff\x02\x00" + b"\x00" * 13
    return struct.pack("<I", len(body))[:3] + b"\x00" + body


@contextlib.contextmanager
def serving(say: Say, *, first: bool = False, port: int = 0) -> Iterator[int]:
    """A server on the loopback that answers each first message with `say`; `first`: it speaks before it is asked. Its port."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.settimeout(0.1)

        def serve() -> None:
            while not ended.is_set():
                with contextlib.suppress(OSError):
                    line, _ = listener.accept()
                    with line:
                        line.settimeout(2)
                        line.sendall(say(b"") if first else say(line.recv(4096)))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            ended.set()
            thread.join(5)


@contextlib.contextmanager
def mariadb(data: Path, port: int = 0) -> Iterator[int]:
    """A real MariaDB of the distribution on the loopback, empty and without accounts: enough to be greeted by it. Its port."""
    assert MARIADB is not None, "install Debian's mariadb-server-core"
    data.mkdir(exist_ok=True)
    if not port:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
    words = [f"--datadir={data}", f"--socket={data}/s", f"--port={port}", "--bind-address=127.0.0.1", "--user=root", "--skip-grant-tables"]
    server = subprocess.Popen(
        [MARIADB, "--no-defaults", *words, "--innodb-buffer-pool-size=16M"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(30)
