"""A real PostgreSQL for the tests, made once per run, only when a test asks for it.

- The run has a data directory of its own; its settings, secrets and ports are its own, so several runs do not meet.
- Tables are migrated by the owner's role; tests run as `garant_web` under row security, on a copy of the migrated database.
- `as_worker`, `as_edge`, `as_owner`: the test's transaction belongs to that role instead. `database.connect(role)`: a connection beside.
"""

import atexit
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if os.environ.get("DJANGO_SETTINGS_MODULE"):
    raise SystemExit("unset DJANGO_SETTINGS_MODULE: the tests choose their settings, and it was read before they could")
DATA = Path(os.environ.get("GARANT_TEST_DATA") or tempfile.mkdtemp(prefix="garant-test-"))
DATA.chmod(0o755)
os.environ.update(GARANT_DATA=str(DATA), GARANT_ROLE="web", DJANGO_SETTINGS_MODULE="garant.project.settings")
for name in ("GARANT_CONFIG", "GARANT_DATABASE_URL"):
    os.environ.pop(name, None)

import django  # noqa: E402 - the environment above is read when settings are imported
import pytest  # noqa: E402

from garant.project import provision  # noqa: E402
from support.database import Database  # noqa: E402
from support.world import World  # noqa: E402

provision.prepare(DATA)
if not os.environ.get("GARANT_TEST_DATA"):
    atexit.register(shutil.rmtree, DATA, ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    """Settings are loaded here, after the environment above; pytest-django looked for them earlier and found none."""
    django.setup()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`long` and `bench` tests run only when asked for."""
    for marker, variable in (("long", "GARANT_LONG"), ("bench", "GARANT_BENCH")):
        if not os.environ.get(variable):
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=f"only with {variable}=1"))


@pytest.fixture(autouse=True, scope="session")
def _localhost_names() -> Iterator[None]:
    """`*.localhost` is this machine: Debian's resolver does not say so."""
    original = socket.getaddrinfo

    def resolve(host: Any, *rest: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        return original("127.0.0.1" if isinstance(name, str) and name.endswith(".localhost") else host, *rest, **named)

    socket.getaddrinfo = resolve  # type: ignore[assignment]
    yield
    socket.getaddrinfo = original


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    """The embedded server with the migrated database `garant` and its copy `test_garant`."""
    made = Database(DATA)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def django_db_setup(database: Database, django_db_blocker: Any) -> Iterator[None]:
    """Django's connection goes to the copy, as `garant_web`."""
    with django_db_blocker.unblock():
        database.aim("web")
    yield
    with django_db_blocker.unblock():
        database.close()


@pytest.fixture
def _web_again(database: Database, django_db_blocker: Any) -> Iterator[None]:
    yield
    with django_db_blocker.unblock():
        database.aim("web")


def _acting(role: str) -> Any:
    @pytest.fixture(name=f"as_{role}")
    def act(request: pytest.FixtureRequest, django_db_setup: None, _web_again: None, database: Database, django_db_blocker: Any) -> str:
        """The test's transaction belongs to this role. Do not also mark the test `django_db`: that one opens it as `garant_web`."""
        with django_db_blocker.unblock():
            database.aim(role)
        request.getfixturevalue("db")
        return role

    return act


as_worker, as_edge, as_owner = _acting("worker"), _acting("edge"), _acting("owner")


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """A whole deployment, shared by the tests of the run: whoever breaks something mends it before the test ends."""
    made = World(prober=False)
    try:
        made.start()
        yield made
    finally:
        made.stop()
