"""Is a key where none may be?"""

from collections.abc import Iterable

from garant.vault.policy.stray import Stray, stray
from garant.vault.service.setting import store


def stray_keys(read: Iterable[bytes]) -> tuple[Stray, ...]:
    """Root and tenants' keys found in a stream (a dump, a table read as bytes, a log): which one, in what form, where; never the key.

    Also the wrapped form of a tenant's key: it may lie in the key store only. Wrapped data keys live in the database and are no finding.
    """
    return tuple(stray(store().materials(), read))
