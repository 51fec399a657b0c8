"""A PostgreSQL for benchmarks: a deployment's roles and databases on the embedded server, with its durable settings."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from garant.drivers.pglaunch import Cluster
from garant.project import provision
from support.database import Database


@contextmanager
def served() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="garant-bench-") as directory:
        data = Path(directory)
        data.chmod(0o755)
        os.environ.update(GARANT_DATA=str(data))
        provision.prepare(data)
        made = Database(data)
        password, log = made.runtime.secret("database-superuser"), data / "logs" / "postgres.log"
        made.cluster = Cluster(data / "pg", password=password, log=log, settings={})
        made.cluster.start(say=lambda _: None)
        made.runtime.write_state({"database": "garant", "database_socket": str(made.cluster.socket), "database_port": made.cluster.port})
        provision.make_roles(made.administrator, made.runtime)
        try:
            yield made
        finally:
            made.stop()
