"""What a key reaches, asked of areas above the vault: composed in `project`, handed down as arguments."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Protocol


class CountsSealed(Protocol):
    """Counts what data keys sealed."""

    def __call__(self, *, tenant: uuid.UUID, keys: Sequence[uuid.UUID]) -> Mapping[str, int]:
        """Rows by `table.column`."""


class ListsBackups(Protocol):
    """Lists the backups that become unreadable with data keys."""

    def __call__(self, *, tenant: uuid.UUID, keys: Sequence[uuid.UUID]) -> Sequence[str]:
        """Their identifiers."""
