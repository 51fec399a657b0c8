"""Engines known by their first bytes: PostgreSQL and MariaDB themselves; SQL Server, MongoDB, MySQL and Redis by stand-ins that greet."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from garant.drivers.storewire import Seen, identify
from garant.kernel.errors import EngineError
from support import engines
from support.database import Database
from support.world import free_port


def test_postgresql_itself_over_its_socket_and_the_loopback(database: Database) -> None:
    cluster = database.cluster
    assert identify(str(cluster.socket), cluster.port) == Seen("postgresql")
    assert identify("127.0.0.1", cluster.port) == Seen("postgresql")


@pytest.fixture
def mariadb_port(tmp_path: Path) -> Iterator[int]:
    with engines.mariadb(tmp_path) as port:
        yield port


@pytest.mark.skipif(engines.MARIADB is None, reason="Debian's mariadb-server-core is not installed")
def test_mariadb_itself(mariadb_port: int) -> None:
    seen = identify("127.0.0.1", mariadb_port)
    assert seen.engine == "mariadb"
    assert seen.version.startswith("1")


@pytest.mark.parametrize(
    ("say", "first", "engine", "version"),
    [
        (engines.sqlserver, False, "sqlserver", "16.0.1000"),
        (engines.mongodb, False, "mongodb", "wire 21"),
        (engines.mysql, True, "mysql", "8.0.36"),
        (engines.redis, False, "redis", ""),
        (lambda asked: b"HTTP/1.1 400 Bad Request\r\n\r\n", False, "unknown", ""),
        (lambda asked: b"SSH-2.0-OpenSSH_9.2\r\n", True, "unknown", ""),
        (lambda asked: b"", False, "unknown", ""),
    ],
)
def test_stand_ins(say: engines.Say, first: bool, engine: str, version: str) -> None:
    with engines.serving(say, first=first) as port:
        assert identify("127.0.0.1", port, patience=0.5) == Seen(engine, version)


def test_nobody_there_is_an_error() -> None:
    with pytest.raises(EngineError, match="nothing answers"):
        identify("127.0.0.1", free_port())
