"""The release gate: before a key is loaded, the key log is compared with what the database and the key store say.

What a restored database or a restored key store brought back is not decrypted. Without its log nothing is.
"""

import uuid

from garant.kernel.errors import ConfigurationError, Refused
from garant.vault.policy.replay import KeyEvent, Replayed, disagreement
from garant.vault.service.setting import key_log, store


class BroughtBack(Refused):
    """A restored copy says that these keys may be used; the key log says that they may not."""


def require_release(tenant: uuid.UUID, data_key: uuid.UUID | None, *, epoch: int, state: str) -> None:
    """Refuse unless the log knows nothing against this key. `epoch`, `state`: of the ring, in the database.

    Raises BroughtBack; ConfigurationError when the log is missing, or shorter than the key store saw it.
    """
    if said := disagreement(require_log(), tenant, data_key, epoch=epoch, state=state):
        raise BroughtBack(f"{said}; run `garant key replay`, and nothing of it is decrypted before")


def require_log() -> Replayed:
    """What the log comes to. Raises ConfigurationError when it is missing or shorter than the key store saw it."""
    log = key_log()
    seen, known = log.replayed(), store().log_seen()
    if known is not None and (seen.head < known or not log.path.exists()):
        raise ConfigurationError(
            f"{log.path} is missing or shorter ({seen.head} events) than the key store saw it ({known}): put it back from its copy, or run "
            "`garant key replay --from-database`; nothing is decrypted without it"
        )
    return seen


def record(event: KeyEvent) -> int:
    """Enter a transition in the log, on the disk, before it is done; its number."""
    number = key_log().append(event)
    store().saw_log(number)
    return number
