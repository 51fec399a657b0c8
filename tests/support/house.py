"""A house whose rows are committed: what several connections must see. Not in a conftest: it needs Django at import."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from garant.statement import service
from support.database import Database
from support.evidence import NOON
from support.statements import DOCUMENT, ROWS, House, install


@pytest.fixture(name="committed")
def committed_house(
    database: Database, django_db_setup: None, django_db_blocker: Any, _web_again: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """The statement of the house in force at noon, written as the worker's role; everything is emptied afterwards."""
    made = House()
    install(made, monkeypatch)
    with django_db_blocker.unblock():
        database.aim("worker")
        service.import_document(DOCUMENT, at=NOON, actor="system:test")
        yield made
        connections["default"].close()
        with database.connect("postgres") as admin:
            admin.execute(f"truncate {ROWS}, audit_outbox, procrastinate_jobs, procrastinate_workers cascade")
