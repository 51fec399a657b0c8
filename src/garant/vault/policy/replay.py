"""The key log: what happened to rings and data keys, in order, kept apart from the database and from the key store.

Each line names the line before it by its digest, so that one cannot be taken out of the middle. What was destroyed stays destroyed,
whatever a restored database or key store says: `verdict` compares them with the log before anything is decrypted.
"""

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from garant.kernel.canonical import Json, canonical
from garant.kernel.errors import GarantError
from garant.vault.policy.states import RingState

FIRST = "0" * 64


@dataclass(frozen=True)
class KeyEvent:
    """One transition. `epoch`: the ring's, after it; `due`: end of a pending destruction; `data_key`: the key that was destroyed alone."""

    number: int
    at: str
    kind: str
    tenant: uuid.UUID
    state: RingState
    epoch: int
    order: str = ""
    due: str = ""
    was: str = ""
    data_key: uuid.UUID | None = None


class LogError(GarantError):
    """The key log is damaged."""


def line(event: KeyEvent, before: str) -> bytes:
    """The line of an event; `before`: the digest of the line before it, `FIRST` for the first."""
    content: dict[str, Json] = {
        "n": event.number,
        "at": event.at,
        "kind": event.kind,
        "tenant": str(event.tenant),
        "state": event.state.value,
        "epoch": event.epoch,
        "order": event.order,
        "due": event.due,
        "was": event.was,
        "key": str(event.data_key) if event.data_key else "",
        "before": before,
    }
    return canonical(content) + b"\n"


def digest(line: bytes) -> str:
    """By which the next line names this one."""
    return hashlib.sha256(line.rstrip(b"\n")).hexdigest()


def event(content: Mapping[str, Json]) -> KeyEvent:
    """The event of a line's content. Raises LogError when it is none."""
    try:
        return KeyEvent(
            number=int(str(content["n"])),
            at=str(content["at"]),
            kind=str(content["kind"]),
            tenant=uuid.UUID(str(content["tenant"])),
            state=RingState(str(content["state"])),
            epoch=int(str(content["epoch"])),
            order=str(content.get("order", "")),
            due=str(content.get("due", "")),
            was=str(content.get("was", "")),
            data_key=uuid.UUID(str(content["key"])) if content.get("key") else None,
        )
    except (KeyError, ValueError) as error:
        raise LogError(f"the key log holds something that is no event: {error}") from error


@dataclass
class Replayed:
    """What the log says in the end: the last event of each ring, and every data key that was destroyed."""

    rings: dict[uuid.UUID, KeyEvent] = field(default_factory=dict)
    destroyed_keys: set[uuid.UUID] = field(default_factory=set)
    head: int = 0
    newest: str = ""
    digests: list[str] = field(default_factory=list)

    def digest_at(self, number: int) -> str:
        """The digest of a line by its number; `FIRST` before the first."""
        return self.digests[number - 1] if 0 < number <= len(self.digests) else FIRST


def replayed(events: Iterable[KeyEvent]) -> Replayed:
    """Fold the events: of a ring, the one of the highest epoch counts. A ring that was destroyed stays so, whatever follows."""
    seen = Replayed()
    for each in events:
        seen.head = max(seen.head, each.number)
        seen.newest = max(seen.newest, each.at)
        if each.data_key is not None:
            seen.destroyed_keys.add(each.data_key)
        before = seen.rings.get(each.tenant)
        if before is None or (before.state is not RingState.DESTROYED and each.epoch >= before.epoch):
            seen.rings[each.tenant] = each
    return seen


def disagreement(seen: Replayed, tenant: uuid.UUID, data_key: uuid.UUID | None, *, epoch: int, state: str) -> str:
    """Why nothing of this tenant may be decrypted although its row says that it may; empty when nothing speaks against it.

    `epoch`, `state`: what the database says of the ring.
    """
    if data_key in seen.destroyed_keys:
        return "this key was destroyed; a restored database brought its record back"
    last = seen.rings.get(tenant)
    if last is None:
        return ""
    if last.state is not RingState.ACTIVE:
        return f"the key log says that these keys are {last.state.value}; a restored database says otherwise"
    if last.epoch > epoch:
        return f"the database is older than the key log (epoch {epoch}, the log saw {last.epoch})"
    return "" if state == RingState.ACTIVE else f"these keys are {state}"


def end_refused(seen: Replayed, tenant: uuid.UUID, *, epoch: int, due: str, now: str) -> str:
    """Why the keys of this tenant must not be destroyed although their row says that it is time; empty when the log says so too.

    `epoch`, `due`: what the database says of the ring. A row alone never destroys anything.
    """
    last = seen.rings.get(tenant)
    if last is None or last.state not in (RingState.PENDING, RingState.DESTROYED):
        return f"the database says that their destruction is due, and the key log says {last.state.value if last else 'nothing'} of them"
    if epoch < last.epoch:
        return f"the database is older than the key log (epoch {epoch}, the log saw {last.epoch})"
    if now < seen.newest:
        return f"the clock says {now}, and the key log has an event of {seen.newest}"
    if last.state is RingState.PENDING and (last.due != due or now < last.due):
        return f"the key log says that their destruction is due on {last.due}, and the database says {due}"
    return ""


def taking_refused(seen: Replayed, tenant: uuid.UUID, *, epoch: int, due: str, order: str) -> str:
    """Why the key of this tenant must not leave the store although an order says so; empty when the log says so too."""
    last = seen.rings.get(tenant)
    if last is None or last.state is not RingState.PENDING:
        return (
            f"the database says that they are pending destruction, and the key log says {last.state.value if last else 'nothing'} of them"
        )
    if epoch < last.epoch or last.due != due or last.order != order:
        return "the order, the epoch or the term in the database is not the one in the key log"
    return ""
