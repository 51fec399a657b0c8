"""A key store and a key log of each test alone, and two organisations with keys."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Any]:
    """A key store of this test alone."""
    from support.keys import key_store  # noqa: PLC0415 - Django is not set up when this file is read

    with key_store(tmp_path) as made:
        yield made


@pytest.fixture
def two_tenants(store: Any) -> tuple[uuid.UUID, uuid.UUID]:
    from support.keys import tenants_with_keys  # noqa: PLC0415 - as above

    return tenants_with_keys()
