"""What areas that look from outside need of the area that lets people in. The composition root hands it down: they do not know it.

Probes of one machine speak from addresses of the loopback, which no client from outside can have; a customer's address rules decide
which of them may come in.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

Sources = Callable[[], Mapping[str, str]]
"""Host name that is served, to the loopback address that its rules let in; the empty string where they let none in. Suspended
customers answer to nobody and are left out."""


@dataclass(frozen=True)
class Visitor:
    """A person made for probing, signed in at one customer's host. `label`: how facts name that host; `cookie`: name and value."""

    host: str
    label: str
    cookie: tuple[str, str] = field(repr=False)


@dataclass(frozen=True)
class Resident:
    """The person of an organisation made for probing, signed in at its host from `source`. `tenant`, `slug`: its organisation."""

    tenant: uuid.UUID
    slug: str
    host: str
    label: str
    source: str
    cookie: tuple[str, str] = field(repr=False)


Residents = Callable[[], AbstractContextManager[Sequence[Resident]]]
"""Signs one person in, with every right of an administrator, at each of the two organisations made for probing, for as long as the
block lasts. Raises EngineError when there are not two of them or when a sign-in fails."""


Reads = Callable[[datetime], Sequence[tuple[uuid.UUID, uuid.UUID, datetime, int]]]
"""Tenant, person, hour and bytes of the application that were sent to that person in that hour, since a moment."""


class Visitors(Protocol):
    """Signs a probe's person in for as long as the block lasts, with every right of an administrator, at `most` customers' hosts.

    `source`: the address from which the caller will come. Customers whose rules do not let it in are passed over: nobody at all is
    an answer too. Raises EngineError when a sign-in fails.
    """

    def __call__(self, *, source: str, most: int) -> AbstractContextManager[Sequence[Visitor]]: ...
