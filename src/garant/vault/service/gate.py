"""The release gate: before a key is loaded, the key log is compared with what the database and the key store say.

What a restored database or a restored key store brought back is not decrypted. Without its log nothing is.
"""

import uuid
from datetime import datetime
from pathlib import Path

from garant.kernel.canonical import moment
from garant.kernel.errors import ConfigurationError, Refused
from garant.vault.policy.replay import KeyEvent, Replayed, disagreement, end_refused, taking_refused
from garant.vault.policy.states import RingState
from garant.vault.service.setting import key_log, store

_passed: dict[Path, tuple[int, int, int] | None] = {}
"""Key logs that this process compared with the key store, by what changes with the file."""


class BroughtBack(Refused):
    """A restored copy says that these keys may be used; the key log says that they may not."""


def require_release(tenant: uuid.UUID, data_key: uuid.UUID | None, *, epoch: int, state: str) -> None:
    """Refuse unless the log knows nothing against this key. `epoch`, `state`: of the ring, in the database.

    Raises BroughtBack; ConfigurationError when the log is missing, or shorter than the key store saw it.
    """
    if said := disagreement(require_log(), tenant, data_key, epoch=epoch, state=state):
        raise BroughtBack(f"{said}; run `garant key replay`, and nothing of it is decrypted before")


def require_still(tenant: uuid.UUID, data_key: uuid.UUID | None, *, epoch: int) -> None:
    """`require_release` for a key that is already in memory: one look at the file while the log is the one that was checked last."""
    log = key_log()
    mark = log.mark()
    if mark is None or _passed.get(log.path) != mark:
        require_log()
        _passed[log.path] = mark
    if said := disagreement(log.replayed(), tenant, data_key, epoch=epoch, state=RingState.ACTIVE):
        raise BroughtBack(f"{said}; run `garant key replay`, and nothing of it is decrypted before")


def require_log() -> Replayed:
    """What the log comes to. Raises ConfigurationError when it is missing or shorter than the key store saw it."""
    log = key_log()
    keys = store()
    known = keys.log_seen()
    seen = log.replayed()
    if known is not None and (seen.head < known or not log.path.exists()):
        raise ConfigurationError(
            f"{log.path} is missing or shorter ({seen.head} events) than the key store saw it ({known}): put it back from its copy, or run "
            "`garant key replay --from-database`; nothing is decrypted without it"
        )
    last = keys.log_last()
    if last is not None and seen.digest_at(last[0]) != last[1]:
        raise ConfigurationError(
            f"{log.path} is not the log that the key store saw (event {last[0]} is another): put it back from its copy; nothing is "
            "decrypted without it"
        )
    return seen


def record(event: KeyEvent) -> int:
    """Enter a transition in the log, on the disk, before it is done; its number. A log that lost events is not continued."""
    require_log()
    log = key_log()
    number = log.append(event)
    store().saw_log(number, log.replayed().digest_at(number))
    return number


def require_end(tenant: uuid.UUID, *, epoch: int, due: datetime | None, at: datetime) -> None:
    """Refuse to end a destruction that the key log does not know to be due. Raises Refused, ConfigurationError."""
    if said := end_refused(require_log(), tenant, epoch=epoch, due=moment(due) if due else "", now=moment(at)):
        raise Refused(f"nothing is destroyed: {said}; find out who wrote that row; the database's owner mends it")


def require_taking(tenant: uuid.UUID, *, epoch: int, due: datetime | None, order: str) -> None:
    """Refuse to take a key out of the store that the key log does not know to be pending destruction by this order."""
    if said := taking_refused(require_log(), tenant, epoch=epoch, due=moment(due) if due else "", order=order):
        raise Refused(f"the key stays in the store: {said}; find out who wrote that row; the database's owner mends it")
