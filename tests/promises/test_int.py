"""The Interceptum sentences on a running deployment: seen kept, broken behind Garant's back, seen broken, mended, seen kept again."""

import base64
import json

import pytest

from support import spoilt
from support.doors import another_application, entry, found, in_place_of, kept_again, schema
from support.little import Server
from support.stub import Asked, Said
from support.world import World, free_port

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

    def with_the_name(asked: Asked) -> Said:
        with world.sql("owner") as database:
            row = database.execute("select login from identity_user where id::text = %s", [asked.headers.get("x-garant-user")]).fetchone()
        coded = base64.b64encode(json.dumps({"user": row[0] if row else ""}).encode()).decode()
        return Said(200, b"ok\n", (("Set-Cookie", f"panier={coded}; Path=/"),))

    with in_place_of(world, "app.sock", with_the_name):
        assert world.keep("INT-35") == {"INT-35": "broken"}
        assert "a cookie holds the user name" in world.reason("INT-35")
    kept_again(world, "INT-35")


def test_int_36_no_cookie_keeps_anything_else(world: World) -> None:
    assert world.keep("INT-36") == {"INT-36": "kept"}
    with another_application(world, "courriel=omer; Path=/"):
        assert world.keep("INT-36") == {"INT-36": "broken"}
    kept_again(world, "INT-36")


def test_int_37_session_identifiers_are_random_and_change(world: World) -> None:
    """A web server that keeps its identifier through the login, then one that takes the visitor's own."""
    assert world.keep("INT-37") == {"INT-37": "kept"}
    for fault in ("not_rotated", "fixed"):
        with in_place_of(world, "web.sock", Server(fault).say):
            assert world.keep("INT-37") == {"INT-37": "broken"}
    kept_again(world, "INT-37")


def test_int_53_an_account_can_be_confined_to_address_ranges(world: World) -> None:
    assert world.keep("INT-53") == {"INT-53": "kept"}
    with entry(world, "address.map", "127.0.0.1/32|saint-elan|login", None):
        assert world.visit("saint-elan", "/.garant/fr/login/").status == 403
        assert world.keep("INT-53") == {"INT-53": "broken"}
        assert found(world, "allow", "shut")
    kept_again(world, "INT-53")


def test_int_54_address_ranges_can_be_refused(world: World) -> None:
    assert world.keep("INT-54") == {"INT-54": "kept"}
    with entry(world, "address.map", "127.66.54.0/24|saint-elan|public", "allow"):
        assert world.keep("INT-54") == {"INT-54": "broken"}
        assert found(world, "deny", "passes")
    kept_again(world, "INT-54")


CLEAR_PORT = """
frontend spoilt
    bind :{port}
    http-request return status 200 content-type text/plain string bonjour

frontend edge
"""


def test_int_48_remote_systems_get_strong_encryption_and_no_interface_in_clear(world: World) -> None:
    assert world.keep("INT-48") == {"INT-48": "kept"}
    answer = "http-request return status 200 content-type application/json string {} if { path_beg /api/ }"
    with spoilt.configuration(world, ("    http-request redirect code 308", f"    {answer}\n    http-request redirect code 308")):
        assert world.keep("INT-48") == {"INT-48": "broken"}
        assert "PUT /api/x" in world.reason("INT-48")
    kept_again(world, "INT-48")


def test_int_49_a_port_in_clear_is_found_wherever_it_opens(world: World) -> None:
    assert world.keep("INT-49") == {"INT-49": "kept"}
    port = free_port()
    with spoilt.configuration(world, ("frontend edge\n", CLEAR_PORT.format(port=port))):
        assert world.keep("INT-49") == {"INT-49": "broken"}
        assert str(port) in world.reason("INT-49")
    kept_again(world, "INT-49")


def test_int_49_a_browser_is_told_to_come_back_over_tls(world: World) -> None:
    header = 'http-after-response set-header strict-transport-security "max-age=31536000"'
    with spoilt.configuration(world, (header, "http-after-response del-header strict-transport-security")):
        assert world.keep("INT-49") == {"INT-49": "broken"}
        assert "HSTS" in world.reason("INT-49")
    kept_again(world, "INT-49")


def test_int_50_suites_are_strong_and_keys_long(world: World) -> None:
    assert world.keep("INT-50") == {"INT-50": "kept"}
    weak = [
        ("ssl-default-bind-ciphers ", "ssl-default-bind-ciphers ECDHE-ECDSA-AES128-SHA:"),
        ("ssl-min-ver TLSv1.2", "ssl-min-ver TLSv1.1"),
    ]
    with spoilt.configuration(world, *weak):
        assert world.keep("INT-50") == {"INT-50": "broken"}
        assert "ECDHE-ECDSA-AES128-SHA" in world.reason("INT-50")
        assert world.keep("INT-49") == {"INT-49": "kept"}
    kept_again(world, "INT-50")


def test_int_52_the_public_report_is_signed_and_true(world: World) -> None:
    assert world.keep("INT-52") == {"INT-52": "kept"}
    with world.sql("owner") as database:
        database.execute("update assurance_tlsreport set document = replace(document, 'intermediate', 'modern')")
    assert json.loads(world.visit("", "/.well-known/garant/tls.json").body)["report"]["profile"] == "modern"
    assert world.keep("INT-52") == {"INT-52": "broken"}
    assert "altered after it was signed" in world.reason("INT-52")
    kept_again(world, "INT-52")


def test_int_52_a_report_that_is_not_ours_or_not_served_is_no_report(world: World) -> None:
    published = json.loads(world.visit("", "/.well-known/garant/tls.json").body)
    forged = json.dumps({**published, "report": {**published["report"], "hsts": "max-age=1"}})
    with spoilt.answers(world, "{ path /.well-known/garant/tls.json }", "application/json", forged):
        assert world.keep("INT-52") == {"INT-52": "broken"}
        assert "does not bear our signature" in world.reason("INT-52")
    kept_again(world, "INT-52")
