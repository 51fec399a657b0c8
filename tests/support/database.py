"""The test run's PostgreSQL: an embedded cluster, a migrated database and its copy."""

from pathlib import Path

import psycopg
from django.db import connections

from garant.drivers.pglaunch import Cluster
from garant.project import provision
from garant.project.runtime import Runtime

COPY = "test_garant"
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200", "log_min_messages": "warning"}


class Database:
    """`garant` is migrated and never touched by tests; `test_garant` is what they use."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.runtime = Runtime(data)
        self.cluster = Cluster(
            data / "pg", password=self.runtime.secret("database-superuser"), log=data / "logs" / "postgres.log", settings=FAST
        )

    def start(self) -> None:
        self.cluster.start(say=lambda _: None)
        self.runtime.write_state({"database": "garant", "database_socket": str(self.cluster.socket), "database_port": self.cluster.port})
        provision.make_roles(self.administrator, self.runtime, alone=True)
        provision.migrate(self.data)
        self.copy(COPY)

    def stop(self) -> None:
        self.cluster.stop()

    @property
    def administrator(self) -> provision.Administrator:
        return provision.Administrator(str(self.cluster.socket), self.cluster.port, "postgres", self.runtime.secret("database-superuser"))

    def copy(self, name: str) -> None:
        """A copy of the migrated database, in which `garant_web` may truncate: the flush after a transactional test needs it."""
        with self.administrator.connect("postgres") as server:
            server.execute(f"drop database if exists {name} with (force)")
            server.execute(f"create database {name} template garant owner garant_owner strategy file_copy")
            server.execute(f"revoke all on database {name} from public")
            server.execute(f"grant connect on database {name} to garant_owner, garant_web, garant_worker, garant_edge")
        with self.administrator.connect(name) as inside:
            inside.execute("grant truncate on all tables in schema public to garant_web, garant_worker, garant_edge")

    def aim(self, role: str) -> None:
        """Django's connection becomes one of this role on the copy."""
        self.close()
        held = connections["default"].settings_dict
        held.update(
            NAME=COPY,
            USER=f"garant_{role}",
            PASSWORD=self.runtime.secret(f"database-{role}"),
            HOST=str(self.cluster.socket),
            PORT=str(self.cluster.port),
        )

    def close(self) -> None:
        connections["default"].close()
        connections["default"].close_pool()

    def connect(self, role: str, *, name: str = COPY) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection of its own, in autocommit mode: `web`, `worker`, `edge`, `owner` or `postgres`. It sees committed rows only."""
        if role == "postgres":
            return self.administrator.connect(name)
        return psycopg.connect(
            host=str(self.cluster.socket),
            port=self.cluster.port,
            user=f"garant_{role}",
            password=self.runtime.secret(f"database-{role}"),
            dbname=name,
            autocommit=True,
        )
