"""The EngagementHQ sentences on a running deployment: seen kept, broken behind Garant's back, seen broken, mended, seen kept again."""

import pytest

from support.doors import another_application, entry, kept_again, schema
from support.world import World

pytestmark = pytest.mark.timeout(600)

NO_ADMINISTRATOR = """
create function sabotage_admin() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger sabotage_admin before insert on identity_roleassignment for each row
  when (new.role = 'admin') execute function sabotage_admin();
"""


def test_ehq_23_access_obeys_strict_rules(world: World) -> None:
    assert world.keep("EHQ-23") == {"EHQ-23": "kept"}
    with another_application(world), entry(world, "routes.map", "/gestion/", "member"):
        assert world.keep("EHQ-23") == {"EHQ-23": "broken"}
    kept_again(world, "EHQ-23")


def test_ehq_27_unique_credentials_follow_each_persons_responsibilities(world: World) -> None:
    assert world.keep("EHQ-27") == {"EHQ-27": "kept"}
    drop = "alter table identity_user drop constraint identity_login_unique_in_tenant"
    with schema(world, drop, "alter table identity_user add constraint identity_login_unique_in_tenant unique (tenant_id, login_key)"):
        assert world.keep("EHQ-27") == {"EHQ-27": "broken"}
    kept_again(world, "EHQ-27")


def test_ehq_45_customers_run_access_themselves(world: World) -> None:
    assert world.keep("EHQ-45") == {"EHQ-45": "kept"}
    with schema(world, NO_ADMINISTRATOR, "drop function sabotage_admin() cascade"):
        assert world.keep("EHQ-45") == {"EHQ-45": "broken"}
    kept_again(world, "EHQ-45")
