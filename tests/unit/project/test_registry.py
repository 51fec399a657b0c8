"""The table of promises."""

from pathlib import Path

import pytest

from garant.kernel.deployment import Deployment
from garant.kernel.errors import ConfigurationError
from garant.project.registry import merged, registry
from garant.statement.policy.binding import problems
from support.evidence import keeper

PLACE = Deployment("garant.localhost", 8443, 8080, Path("/nonexistent"))


def test_the_table_of_this_build_is_sound():
    assert problems(registry()) == []


def test_two_areas_cannot_promise_the_same_thing():
    with pytest.raises(ConfigurationError, match=r"two areas promise test\.door"):
        merged(PLACE, [lambda _: {"test.door": [keeper()]}, lambda _: {"test.door": [keeper()]}])
