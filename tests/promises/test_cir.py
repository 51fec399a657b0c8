"""The CiraSync sentence that is measured in part: never kept while a part is not measured, broken when the measured part is."""

import pytest

from support.doors import schema
from support.world import World, wait_until

pytestmark = pytest.mark.timeout(600)

FROZEN = """
create function sabotage_settings() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger sabotage_settings before insert or update on access_accesspolicy for each row execute function sabotage_settings();
"""


def test_cir_07_settings_of_their_own_are_measured_in_part_and_never_called_kept(world: World) -> None:
    assert world.keep("CIR-07") == {"CIR-07": "unproven"}
    with schema(world, FROZEN, "drop function sabotage_settings() cascade"):
        assert world.keep("CIR-07") == {"CIR-07": "broken"}
    wait_until(lambda: world.keep("CIR-07") == {"CIR-07": "unproven"}, "the measured part of CIR-07 to be mended", 90, 1.0)
