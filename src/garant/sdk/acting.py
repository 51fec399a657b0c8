"""Who acts, here and now: the organisation of a request, a command or a job, for whatever adapter tells it to the database."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass


class ContextMismatch(RuntimeError):
    """Two organisations would be mixed in one context."""


@dataclass(frozen=True)
class Acting:
    """Who acts. `tenant`: the organisation's short name. `actor`: a person's identifier, or a word for a program."""

    tenant: str
    actor: str = ""
    purpose: str = "service"


_acting: ContextVar[Acting | None] = ContextVar("garant_acting", default=None)


def acting() -> Acting | None:
    """The context of here and now."""
    return _acting.get()


def current_tenant() -> str:
    """The organisation of the context. Raises RuntimeError without one."""
    found = _acting.get()
    if found is None:
        raise RuntimeError("there is no organisation here: open acting_as(tenant) first")
    return found.tenant


@contextlib.contextmanager
def acting_as(tenant: str, *, actor: str = "", purpose: str = "service") -> Iterator[bool]:
    """The context of one organisation, for the block; gives whether it is new.

    The same organisation may be named again inside: the first context stays. Another one raises ContextMismatch.
    """
    before = _acting.get()
    if before is not None:
        if before.tenant != tenant:
            raise ContextMismatch(f"in the context of {before.tenant!r}, that of {tenant!r} was asked for: end the first one before")
        yield False
        return
    token = _acting.set(Acting(tenant, actor, purpose))
    try:
        yield True
    finally:
        _acting.reset(token)
