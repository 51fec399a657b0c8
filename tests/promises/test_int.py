"""The Interceptum sentences on a running deployment: seen kept, broken behind Garant's back, seen broken, mended, seen kept again."""

import base64

import pytest

from support.doors import another_application, asleep, entry, kept_again, schema
from support.world import World

pytestmark = pytest.mark.timeout(600)

UNDYING = """
create function sabotage_undying() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger sabotage_undying before delete on access_session for each row
  when (old.user_id is not null) execute function sabotage_undying();
"""


def test_int_32_reading_or_changing_takes_authentication_and_a_right(world: World) -> None:
    assert world.keep("INT-32") == {"INT-32": "kept"}
    with another_application(world), entry(world, "routes.map", "/gestion/", "public"):
        assert world.keep("INT-32") == {"INT-32": "broken"}
    kept_again(world, "INT-32")


def test_int_33_each_person_has_a_user_name_and_a_password_of_their_own(world: World) -> None:
    assert world.keep("INT-33") == {"INT-33": "kept"}
    drop = "alter table access_password_credential drop constraint access_password_credential_pkey"
    with schema(world, drop, "alter table access_password_credential add primary key (user_id)"):
        assert world.keep("INT-33") == {"INT-33": "broken"}
        assert "one_password_a_person" in world.reason("INT-33")
    kept_again(world, "INT-33")


def test_int_34_the_session_cookie_dies_with_the_session(world: World) -> None:
    assert world.keep("INT-34") == {"INT-34": "kept"}
    with schema(world, UNDYING, "drop function sabotage_undying() cascade"):
        assert world.keep("INT-34") == {"INT-34": "broken"}
    kept_again(world, "INT-34")


def test_int_35_neither_user_name_nor_password_is_in_a_cookie(world: World) -> None:
    assert world.keep("INT-35") == {"INT-35": "kept"}
    coded = base64.b64encode(b'{"user":"garant-temoin"}').decode()
    with another_application(world, f"panier={coded}; Path=/"):
        assert world.keep("INT-35") == {"INT-35": "broken"}
    kept_again(world, "INT-35")


def test_int_36_no_cookie_keeps_anything_else(world: World) -> None:
    assert world.keep("INT-36") == {"INT-36": "kept"}
    with another_application(world, "courriel=omer; Path=/"):
        assert world.keep("INT-36") == {"INT-36": "broken"}
    kept_again(world, "INT-36")


def test_int_37_session_identifiers_change_and_cannot_be_examined_without_an_application_to_enter(world: World) -> None:
    """Rotation is the store's own work: what can be taken away from outside is the measure, and then the sentence is not green.
    A server that does not rotate is caught in tests/integration/access/test_session_probe.py."""
    assert world.keep("INT-37") == {"INT-37": "kept"}
    with asleep(world, "web"):
        assert world.keep("INT-37") == {"INT-37": "stale"}
    kept_again(world, "INT-37")


def test_int_53_an_account_can_be_confined_to_address_ranges(world: World) -> None:
    assert world.keep("INT-53") == {"INT-53": "kept"}
    with entry(world, "address.map", "*|saint-elan|member", "allow"):
        assert world.keep("INT-53") == {"INT-53": "broken"}
    kept_again(world, "INT-53")


def test_int_54_address_ranges_can_be_refused(world: World) -> None:
    assert world.keep("INT-54") == {"INT-54": "kept"}
    with entry(world, "address.map", "127.66.54.0/24|saint-elan|public", "allow"):
        assert world.keep("INT-54") == {"INT-54": "broken"}
    kept_again(world, "INT-54")
