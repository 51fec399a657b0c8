"""States of keys, as data: what each allows, how one becomes another, and what must be true of a ring whatever was interrupted.

A *ring* is all keys of one organisation. Its key-encryption key is `in_store`, `sealed_off` (only copy: sealed to people, or set aside),
or `nowhere`. Time is an argument.

    active --suspend--> suspended --resume--> active
    active, suspended --destroy--> pending_destruction (T0, due T0 + days) --cancel_destruction--> what it was at T0
    pending_destruction --end, once due--> destroyed
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from garant.kernel.errors import Refused

DAYS = 180
"""From the order carried out (T0) to the destruction, unless garant.toml says otherwise."""


class KeyState(StrEnum):
    """What a data key may still do."""

    ACTIVE = "active"
    DECRYPT_ONLY = "decrypt_only"
    SUSPENDED = "suspended"
    DESTROYED = "destroyed"


DECRYPTS = frozenset({KeyState.ACTIVE, KeyState.DECRYPT_ONLY})


class RingState(StrEnum):
    """What the keys of an organisation, as a whole, may still do. Only `active` keys seal and open."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    PENDING = "pending_destruction"
    DESTROYED = "destroyed"


class Verb(StrEnum):
    """What two people order. Words on data keys concern one key, the others the whole ring."""

    SUSPEND = "suspend"
    RESUME = "resume"
    DESTROY = "destroy"
    CANCEL = "cancel_destruction"
    SUSPEND_KEY = "suspend_data_key"
    RESUME_KEY = "resume_data_key"
    DESTROY_KEY = "destroy_data_key"


RING_VERBS = frozenset({Verb.SUSPEND, Verb.RESUME, Verb.DESTROY, Verb.CANCEL})

RING_TRANSITIONS: dict[tuple[RingState, Verb], RingState | None] = {
    (RingState.ACTIVE, Verb.SUSPEND): RingState.SUSPENDED,
    (RingState.SUSPENDED, Verb.RESUME): RingState.ACTIVE,
    (RingState.ACTIVE, Verb.DESTROY): RingState.PENDING,
    (RingState.SUSPENDED, Verb.DESTROY): RingState.PENDING,
    (RingState.PENDING, Verb.CANCEL): None,
}
"""None: what it was before. The end of a pending destruction is not ordered: the order was given at T0 (`ended`)."""

KEY_TRANSITIONS: dict[tuple[KeyState, Verb], KeyState] = {
    (KeyState.ACTIVE, Verb.SUSPEND_KEY): KeyState.SUSPENDED,
    (KeyState.DECRYPT_ONLY, Verb.SUSPEND_KEY): KeyState.SUSPENDED,
    (KeyState.SUSPENDED, Verb.RESUME_KEY): KeyState.DECRYPT_ONLY,
    (KeyState.ACTIVE, Verb.DESTROY_KEY): KeyState.DESTROYED,
    (KeyState.DECRYPT_ONLY, Verb.DESTROY_KEY): KeyState.DESTROYED,
    (KeyState.SUSPENDED, Verb.DESTROY_KEY): KeyState.DESTROYED,
}
"""A resumed key only opens: another may seal by now."""


@dataclass(frozen=True)
class Standing:
    """How a ring stands. `was`: before a pending destruction; `due`: when it ends; `epoch` grows with every transition."""

    state: RingState = RingState.ACTIVE
    epoch: int = 1
    was: RingState | None = None
    due: datetime | None = None


def turned(ring: Standing, verb: Verb, now: datetime, *, days: int = DAYS) -> Standing:
    """The ring after `verb`. Raises Refused, saying why, when its state does not allow it."""
    if (ring.state, verb) not in RING_TRANSITIONS:
        raise Refused(f"keys that are {ring.state.value} cannot take {verb.value}")
    after = RING_TRANSITIONS[ring.state, verb]
    if verb is Verb.CANCEL:
        if ring.due is None or now >= ring.due:
            raise Refused("the term of this destruction has passed: it cannot be cancelled any more")
        return replace(ring, state=ring.was or RingState.SUSPENDED, was=None, due=None, epoch=ring.epoch + 1)
    assert after is not None
    if verb is Verb.DESTROY:
        return Standing(after, ring.epoch + 1, was=ring.state, due=now + timedelta(days=days))
    return replace(ring, state=after, epoch=ring.epoch + 1)


def ended(ring: Standing, now: datetime) -> Standing:
    """The ring after the end of its term. Raises Refused when nothing is pending, or not yet due."""
    if ring.state is not RingState.PENDING or ring.due is None:
        raise Refused(f"keys that are {ring.state.value} are not pending destruction")
    if now < ring.due:
        raise Refused(f"this destruction is due on {ring.due:%Y-%m-%d %H:%M} UTC, not before")
    return Standing(RingState.DESTROYED, ring.epoch + 1)


def key_turned(state: KeyState, verb: Verb) -> KeyState:
    """The state of a data key after `verb`. Raises Refused when its state does not allow it."""
    if (state, verb) not in KEY_TRANSITIONS:
        raise Refused(f"a key that is {state.value} cannot take {verb.value}")
    return KEY_TRANSITIONS[state, verb]


class Whereabouts(StrEnum):
    """Where the key-encryption key of a ring is."""

    STORE = "in_store"
    SEALED_OFF = "sealed_off"
    NOWHERE = "nowhere"


def faults(ring: Standing, place: Whereabouts, *, settled: bool) -> Iterator[str]:
    """What is wrong with a ring, in words. `settled`: no order is half carried out; the first three hold even in between."""
    if ring.state is RingState.ACTIVE and place is Whereabouts.NOWHERE:
        yield "keys in use, and their key-encryption key is nowhere"
    if ring.state is RingState.PENDING and place is Whereabouts.NOWHERE:
        yield "keys whose destruction may still be cancelled, and nobody could bring them back"
    if (ring.due is None) is (ring.state is RingState.PENDING):
        yield "a term without a pending destruction, or the reverse"
    if settled and place is not EXPECTED[ring.state]:
        yield f"keys that are {ring.state.value}, and their key-encryption key is {place.value}"


EXPECTED = {
    RingState.ACTIVE: Whereabouts.STORE,
    RingState.SUSPENDED: Whereabouts.STORE,
    RingState.PENDING: Whereabouts.SEALED_OFF,
    RingState.DESTROYED: Whereabouts.NOWHERE,
}
