"""A key store and a key log of one test alone."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from garant.identity.service import tenant_transaction
from garant.vault import service as vault
from garant.vault.engines.keystore import KeyStore
from garant.vault.service import sealing

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)


@contextmanager
def key_store(directory: Path) -> Iterator[KeyStore]:
    """The installation's data directory is this one, with a new key store."""
    before = settings.DATA
    settings.DATA = directory
    try:
        vault.make_root()
        yield KeyStore(directory / "keys")
    finally:
        settings.DATA = before


def tenants_with_keys() -> tuple[uuid.UUID, uuid.UUID]:
    """Two organisations that have keys."""
    made = uuid.uuid4(), uuid.uuid4()
    for tenant in made:
        with tenant_transaction(tenant):
            vault.make_tenant_keys(tenant=tenant, at=NOW, actor="system:test")
    return made


def forget_keys() -> None:
    """This process remembers no key, as one that just started."""
    sealing._remembered = sealing._Remembered()
