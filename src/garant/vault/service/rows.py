"""The rows of one tenant, for acts that go through all of them. Verbs that a person calls run in the caller's transaction instead."""

import contextlib
import uuid
from collections.abc import Iterator

from django.db import connection, transaction

from garant.drivers.postgres import begin_as, clear_context


@contextlib.contextmanager
def tenant_rows(tenant: uuid.UUID | None, *, scope: str = "") -> Iterator[None]:
    """One transaction in which row security shows this tenant; with scope `operator`, what may be read of all."""
    with transaction.atomic(durable=True):
        began = begin_as(connection.connection, tenant, scope)
        try:
            yield
        finally:
            if not began:
                clear_context(connection.connection)
