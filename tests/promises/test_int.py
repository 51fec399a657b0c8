"""The Interceptum sentences on a running deployment: seen kept, broken behind Garant's back, seen broken, mended, seen kept again."""

import base64
import json

import pytest

from support import places, spoilt
from support.doors import another_application, broken, entry, found, in_place_of, kept, schema
from support.little import Server
from support.names import NameServer
from support.registers import ELSEWHERE, MONTREAL, VIRGINIE, Book, Kept, operational
from support.stub import Asked, Said
from support.world import World, free_port

pytestmark = pytest.mark.timeout(600)

UNDYING = """
create function sabotage_undying() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger sabotage_undying before delete on access_session for each row
  when (old.user_id is not null) execute function sabotage_undying();
"""


def test_int_32_reading_or_changing_takes_authentication_and_a_right(world: World) -> None:
    kept(world, "INT-32")
    with another_application(world), entry(world, "routes.map", "/gestion/", "public"):
        broken(world, "INT-32")
    kept(world, "INT-32")


def test_int_33_each_person_has_a_user_name_and_a_password_of_their_own(world: World) -> None:
    kept(world, "INT-33")
    drop = "alter table access_password_credential drop constraint access_password_credential_pkey"
    with schema(world, drop, "alter table access_password_credential add primary key (user_id)"):
        broken(world, "INT-33")
        assert "one_password_a_person" in world.reason("INT-33")
    kept(world, "INT-33")


def test_int_34_the_session_cookie_dies_with_the_session(world: World) -> None:
    kept(world, "INT-34")
    with schema(world, UNDYING, "drop function sabotage_undying() cascade"):
        broken(world, "INT-34")
    kept(world, "INT-34")


def test_int_35_neither_user_name_nor_password_is_in_a_cookie(world: World) -> None:
    kept(world, "INT-35")

    def with_the_name(asked: Asked) -> Said:
        with world.sql("owner") as database:
            row = database.execute("select login from identity_user where id::text = %s", [asked.headers.get("x-garant-user")]).fetchone()
        coded = base64.b64encode(json.dumps({"user": row[0] if row else ""}).encode()).decode()
        return Said(200, b"ok\n", (("Set-Cookie", f"panier={coded}; Path=/"),))

    with in_place_of(world, "app.sock", with_the_name):
        broken(world, "INT-35")
        assert "a cookie holds the user name" in world.reason("INT-35")
    kept(world, "INT-35")


def test_int_36_no_cookie_keeps_anything_else(world: World) -> None:
    kept(world, "INT-36")
    with another_application(world, "courriel=omer; Path=/"):
        broken(world, "INT-36")
    kept(world, "INT-36")


def test_int_37_session_identifiers_are_random_and_change(world: World) -> None:
    """A web server that keeps its identifier through the login, then one that takes the visitor's own."""
    kept(world, "INT-37")
    for fault in ("not_rotated", "fixed"):
        with in_place_of(world, "web.sock", Server(fault).say):
            broken(world, "INT-37")
    kept(world, "INT-37")


def test_int_53_an_account_can_be_confined_to_address_ranges(world: World) -> None:
    kept(world, "INT-53")
    with entry(world, "address.map", "127.0.0.1/32|saint-elan|login", None):
        assert world.visit("saint-elan", "/.garant/fr/login/").status == 403
        broken(world, "INT-53")
        assert found(world, "allow", "shut")
    kept(world, "INT-53")


def test_int_54_address_ranges_can_be_refused(world: World) -> None:
    kept(world, "INT-54")
    with entry(world, "address.map", "127.66.54.0/24|saint-elan|public", "allow"):
        broken(world, "INT-54")
        assert found(world, "deny", "passes")
    kept(world, "INT-54")


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
    kept(world, "INT-48")


def test_int_49_a_port_in_clear_is_found_wherever_it_opens(world: World) -> None:
    assert world.keep("INT-49") == {"INT-49": "kept"}
    port = free_port()
    with spoilt.configuration(world, ("frontend edge\n", CLEAR_PORT.format(port=port))):
        assert world.keep("INT-49") == {"INT-49": "broken"}
        assert str(port) in world.reason("INT-49")
    kept(world, "INT-49")


def test_int_49_a_browser_is_told_to_come_back_over_tls(world: World) -> None:
    header = 'http-after-response set-header strict-transport-security "max-age=31536000"'
    with spoilt.configuration(world, (header, "http-after-response del-header strict-transport-security")):
        assert world.keep("INT-49") == {"INT-49": "broken"}
        assert "HSTS" in world.reason("INT-49")
    kept(world, "INT-49")


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
    kept(world, "INT-50")


def test_int_52_the_public_report_is_signed_and_true(world: World) -> None:
    assert world.keep("INT-52") == {"INT-52": "kept"}
    with world.sql("owner") as database:
        database.execute("update assurance_tlsreport set document = replace(document, 'intermediate', 'modern')")
    assert json.loads(world.visit("", "/.well-known/garant/tls.json").body)["report"]["profile"] == "modern"
    assert world.keep("INT-52") == {"INT-52": "broken"}
    assert "altered after it was signed" in world.reason("INT-52")
    kept(world, "INT-52")


def test_int_52_a_report_that_is_not_ours_or_not_served_is_no_report(world: World) -> None:
    published = json.loads(world.visit("", "/.well-known/garant/tls.json").body)
    forged = json.dumps({**published, "report": {**published["report"], "hsts": "max-age=1"}})
    with spoilt.answers(world, "{ path /.well-known/garant/tls.json }", "application/json", forged):
        assert world.keep("INT-52") == {"INT-52": "broken"}
        assert "does not bear our signature" in world.reason("INT-52")
    kept(world, "INT-52")


def interceptum(server: str = "") -> Book:
    """One site in Montréal with everything at it, backups too."""
    backup = Kept("backup", "backup", "montreal", "local:/var/backups/garant")
    head = f'[dns]\nservers = ["{server}"]\n' if server else ""
    return Book([MONTREAL, VIRGINIE], [*operational("montreal"), backup], head=head)


def test_int_04_servers_stand_in_montreal(world: World) -> None:
    with world.places(interceptum()):
        places.attested(world, "INT-04")
        assert "Hébergement Montréal" in world.reason("INT-04")
    with world.places(interceptum().place("montreal", machines=ELSEWHERE)):
        places.broken(world, "INT-04", "is on a machine that is not of the site montreal")
    with world.places(interceptum()):
        places.attested(world, "INT-04")


def test_int_05_customer_data_are_stored_there_and_nowhere_else(world: World) -> None:
    with world.places(interceptum()):
        places.attested(world, "INT-05")
    with world.places(interceptum().with_store(Kept("cache", "cache", "ashburn", "tcp://127.77.0.3:6379"))):
        places.broken(world, "INT-05", "cache is in US; the sentence says CA")
    with world.places(interceptum()):
        places.attested(world, "INT-05")


def test_int_25_all_processing_takes_place_at_that_site(world: World) -> None:
    with world.places(interceptum()):
        places.attested(world, "INT-25")
    with world.places(interceptum().place("montreal", machines=ELSEWHERE)):
        places.broken(world, "INT-25", "is on a machine that is not of the site montreal")
    with world.places(interceptum()):
        places.attested(world, "INT-25")


def test_int_26_a_live_connection_to_a_stranger_breaks_the_sentence(world: World) -> None:
    """PostgreSQL is made to start a program that speaks to an address of nobody's; then a gateway is registered abroad."""
    with world.places(interceptum()):
        places.attested(world, "INT-26")
        with places.leaving(world) as port:
            places.broken(world, "INT-26", f"The process postgres speaks to 127.88.0.1:{port}, which is not in the register")
        places.attested(world, "INT-26")
    with world.places(interceptum().with_store(Kept("sms", "sms", "ashburn", "https://127.77.0.4", holds=("user.contact",)))):
        places.broken(world, "INT-26", "sms is in US; the sentence says CA")
    with world.places(interceptum()):
        places.attested(world, "INT-26")


def test_int_27_public_names_lead_to_canada(world: World) -> None:
    """A real name server answers for every public name; then one customer's name leads to Virginia."""
    hosts = [world.host(each) for each in ("", "saint-elan", "trois-rapides")]
    with NameServer({host: ["127.0.0.1"] for host in hosts}) as server, world.places(interceptum(server.place)):
        places.attested(world, "INT-27")
        server.names[world.host("saint-elan")] = ["127.0.0.1", "127.77.0.1"]
        places.broken(world, "INT-27", "leads to 127.77.0.1, outside the allowed sites")
        assert "saint-elan" not in world.reason("INT-27")
        server.names[world.host("saint-elan")] = ["127.0.0.1"]
        places.attested(world, "INT-27")


def test_int_44_backups_and_operation_share_one_jurisdiction(world: World) -> None:
    with world.places(interceptum()):
        places.attested(world, "INT-44")
    with world.places(interceptum().store("backup", site="ashburn", address="sftp://127.77.0.9/x")):
        places.broken(world, "INT-44", "The backup backup is under the jurisdiction US; operation is under CA.")
    with world.places(interceptum()):
        places.attested(world, "INT-44")
