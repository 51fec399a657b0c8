"""One edge for the tests of a module; each test starts from empty stores."""

from collections.abc import Iterator

import pytest

from garant.edge.engines.haproxy import tidy
from support.edge import Rig, edge_rig, until


@pytest.fixture(scope="module")
def shared_rig() -> Iterator[Rig]:
    with edge_rig() as made:
        yield made


@pytest.fixture
def rig(shared_rig: Rig) -> Rig:
    """The module's edge, its decisions forgotten and its stand-ins as new."""
    shared_rig.runtime.ask("garant clear")
    shared_rig.decide.granted.clear()
    shared_rig.decide.asked.clear()
    shared_rig.decide.say = shared_rig.decide.known
    shared_rig.decide.hold.set()
    for server in (shared_rig.application, shared_rig.web):
        server.seen.clear()
        server.extra.clear()

    def forgotten() -> bool:
        tidy(shared_rig.runtime)
        return not shared_rig.runtime.ask("garant live")

    until(forgotten, what="the end of what ran before")
    return shared_rig
