"""The ASO sentences on a running deployment: seen kept, broken behind Garant's back, seen broken, mended, seen kept again."""

from dataclasses import replace

import pytest

from support import places, spoilt
from support.doors import another_application, asleep, broken, entry, kept, schema
from support.names import NameServer
from support.places import standby
from support.registers import ELSEWHERE, Kept, two_sites
from support.world import World, wait_until

pytestmark = pytest.mark.timeout(600)

SHELL = '<!doctype html><title>x</title><div id="app"></div><script src="/app.js"></script>'

ALLOWS_DELETED = """
delete from access_networkrule r using identity_tenant t where t.id = r.tenant_id and t.slug = %s and verdict = 'allow'
"""
FACTOR_OFF = """
insert into access_accesspolicy
  (tenant_id, factor_rule, idle_minutes, absolute_hours, binding, address_mode, address_hours, changed_at)
select id, 'off', 30, 12, 'network', 'approve', 8, now() from identity_tenant where slug = 'trois-rapides'
"""
FACTOR_AS_BEFORE = """
delete from access_accesspolicy p using identity_tenant t where t.id = p.tenant_id and t.slug = 'trois-rapides'
"""
ENROLLED_BY_NOBODY = """
create or replace function sabotage_factor() returns trigger language plpgsql security definer as $$
begin
  insert into mfa_authenticator (user_id, type, data, created_at)
  select (new.payload->>'user')::uuid, 'totp', '{}', new.at
  where not exists (select 1 from mfa_authenticator where user_id = (new.payload->>'user')::uuid and type = 'totp');
  return new;
end $$;
create trigger sabotage_factor after insert on audit_outbox for each row
  when (new.kind = 'user:session:ended' and new.actor = 'system:prober' and new.payload->>'by' = 'factor')
  execute function sabotage_factor();
"""


def test_aso_16_data_answer_to_listed_addresses_only(world: World) -> None:
    kept(world, "ASO-16")
    with entry(world, "address.map", "*|saint-elan|member", "allow"):
        with world.sql("owner") as database:
            assert database.execute(ALLOWS_DELETED, ["saint-elan"]).rowcount == 2
        assert world.visit("saint-elan", "/", source="127.66.53.1").status == 302
        broken(world, "ASO-16")
    kept(world, "ASO-16")


def test_aso_16_a_list_changed_in_the_running_edge_is_told_and_filled_again(world: World) -> None:
    key, path = "*|saint-elan|member", world.data / "run" / "address.map"
    kept(world, "ASO-16")

    def seen() -> bool:
        """Again and again: any change of rules, by another trial, fills the edge too."""
        world.runtime(f"set map {path} {key} allow")
        return world.keep("ASO-16") == {"ASO-16": "broken"}

    wait_until(seen, "the changed list to be told", 180)
    assert "running map differs from compiled policy: address.map" in world.reason("ASO-16")
    assert "saint-elan" not in world.reason("ASO-16")
    wait_until(lambda: f"{key} deny" in world.runtime(f"show map {path}"), "the agent to fill the edge again", 60)
    kept(world, "ASO-16")


def test_aso_16_a_rule_deleted_in_the_database_is_found_and_put_back(world: World) -> None:
    kept(world, "ASO-16")
    with world.sql("owner") as database:
        assert database.execute(ALLOWS_DELETED, ["saint-elan"]).rowcount == 2
    assert world.keep("ASO-16") == {"ASO-16": "broken"}
    assert "vanished" in world.reason("ASO-16")
    kept(world, "ASO-16")


def test_aso_17_a_user_code_and_a_password_are_asked_first(world: World) -> None:
    kept(world, "ASO-17")
    with another_application(world), entry(world, "routes.map", "/gestion/", "public"):
        assert world.visit("saint-elan", "/gestion/").status == 200
        broken(world, "ASO-17")
    kept(world, "ASO-17")


def test_aso_18_everyone_is_urged_to_adopt_a_second_factor(world: World) -> None:
    kept(world, "ASO-18")
    with schema(world, FACTOR_OFF, FACTOR_AS_BEFORE):
        broken(world, "ASO-18")
    kept(world, "ASO-18")


def test_aso_19_a_new_customer_starts_with_microsoft_authenticator(world: World) -> None:
    kept(world, "ASO-19")
    with schema(world, ENROLLED_BY_NOBODY, "drop function sabotage_factor() cascade"):
        broken(world, "ASO-19")
    kept(world, "ASO-19")


def test_aso_22_the_customers_address_itself_is_filtered(world: World) -> None:
    kept(world, "ASO-22")
    with entry(world, "address.map", "*|trois-rapides|login", None):
        with world.sql("owner") as database:
            assert database.execute(ALLOWS_DELETED, ["trois-rapides"]).rowcount == 2
        assert world.visit("trois-rapides", "/.garant/fr/login/", source="127.66.53.1").status == 200
        broken(world, "ASO-22")
    kept(world, "ASO-22")


def test_aso_23_a_further_address_can_be_allowed(world: World) -> None:
    kept(world, "ASO-23")
    with asleep(world, "agent"):
        broken(world, "ASO-23")
    kept(world, "ASO-23")


def test_aso_35_work_goes_on_from_elsewhere_during_a_power_cut(world: World) -> None:
    kept(world, "ASO-35")
    with entry(world, "address.map", "0.0.0.0/0|saint-elan|address", None):
        assert world.visit("saint-elan", "/.garant/fr/address/", source="127.66.53.1").status == 403
        broken(world, "ASO-35")
    kept(world, "ASO-35")


def test_aso_36_work_goes_on_over_a_cellular_line(world: World) -> None:
    kept(world, "ASO-36")
    with entry(world, "address.map", "0.0.0.0/0|trois-rapides|address", None):
        broken(world, "ASO-36")
    kept(world, "ASO-36")


def test_aso_21_a_customer_who_lets_no_address_of_this_machine_in_is_unchecked_and_not_broken(world: World) -> None:
    assert world.keep("ASO-21") == {"ASO-21": "kept"}
    world.steward("web").ask("only_from", tenant="trois-rapides", networks=["203.0.113.77/32"])
    try:
        wait_until(lambda: world.visit("trois-rapides", "/").status == 403, "the rules to reach the edge")
        assert world.keep("ASO-21") == {"ASO-21": "stale"}
        assert "let in no address of this machine" in world.reason("ASO-21")
    finally:
        world.steward("web").ask("only_from", tenant="trois-rapides", networks=["127.0.0.1/32", "::1/128"])
    wait_until(lambda: world.visit("trois-rapides", "/").status == 302, "the rules to reach the edge again")
    kept(world, "ASO-21")
    kept(world, "ASO-16")


def test_aso_21_a_browser_and_an_address_are_enough(world: World) -> None:
    assert world.keep("ASO-21") == {"ASO-21": "kept"}
    with spoilt.answers(world, "{ path_end /login/ }", "text/html", SHELL):
        assert world.keep("ASO-21") == {"ASO-21": "broken"}
        assert "without JavaScript" in world.reason("ASO-21")
    kept(world, "ASO-21")


def test_aso_25_redundancy_is_used_and_inside_canada_only(world: World) -> None:
    """A real standby follows the deployment's PostgreSQL. One that nobody registered, and one registered abroad, break the sentence."""
    with standby(world) as port:
        replica = Kept("replica", "replica", "quebec", f"postgresql://127.0.0.1:{port}")
        with world.places(two_sites().with_store(replica)):
            places.attested(world, "ASO-25")
            assert world.steward("web").ask("require_target", tenant="saint-elan", store="replica", categories=["user"]) == "region-quebec"
        places.broken(world, "ASO-25", "A replica at 127.0.0.1 follows the database and is not in the register")
        with world.places(two_sites().with_store(replace(replica, site="ashburn"))):
            places.broken(world, "ASO-25", "replica is in US; the sentence says CA")
            said = world.steward("web").ask("require_target", tenant="saint-elan", store="replica", categories=["user"])
            assert said.startswith("refused: replica is in the region region-ashburn (US)")
        with world.places(two_sites().with_store(replica)):
            places.attested(world, "ASO-25")
    assert world.keep("ASO-25")["ASO-25"] == "stale", "a replica that has gone proves nothing any more"


def test_aso_29_a_backup_abroad_breaks_the_sentence_and_is_refused_before_the_first_byte(world: World) -> None:
    """A directory for backups at the primary site, then the same store pointed at Virginia; then a name that leads elsewhere."""
    home = two_sites().store("backup", site="quebec", address=f"local:{world.data}/backups")
    ask = {"tenant": "saint-elan", "store": "backup", "categories": ["user"]}
    with world.places(home):
        places.attested(world, "ASO-29")
        assert world.steward("web").ask("require_target", **ask) == "region-quebec"
    with world.places(two_sites().store("backup", site="ashburn", address="sftp://127.77.0.9/x")):
        places.broken(world, "ASO-29", "backup is in US; the sentence says CA")
        assert world.steward("web").ask("require_target", **ask).startswith("refused: backup is in the region region-ashburn (US)")
        with world.sql("owner") as database:
            refusals = "select payload from audit_outbox where kind = 'system:target:refused' order by seq desc limit 1"
            row = database.execute(refusals).fetchone()
        assert row is not None
        assert row[0]["store"] == "backup"
    with NameServer({"backup.example.org": ["127.45.0.9"]}) as server, world.places(two_sites(server.place)):
        places.attested(world, "ASO-29")
        server.names["backup.example.org"] = ["127.77.0.9"]
        places.broken(world, "ASO-29", "Backup leads to 127.77.0.9, outside the announced networks (127.45.0.0/16)")
        server.names["backup.example.org"] = ["127.45.0.9"]
        places.attested(world, "ASO-29")


def test_aso_30_the_primary_site_is_in_quebec_city(world: World) -> None:
    """The part that is measured: our processes run on machines of that site. That the building stands there is somebody's word."""
    places.attested(world, "ASO-30")
    with world.places(two_sites().place("quebec", machines=ELSEWHERE)):
        places.broken(world, "ASO-30", "is on a machine that is not of the site quebec")
    with world.places(two_sites().place("quebec", city="Laval")):
        places.broken(world, "ASO-30", "The site quebec is in Laval; the sentence says Québec.")
    with world.places(two_sites().place("quebec", word=False)):
        assert world.keep("ASO-30")["ASO-30"] in ("stale", "unproven")
    with world.places(two_sites().place("quebec", until="2026-01-01")):
        assert world.keep("ASO-30")["ASO-30"] in ("stale", "unproven")
    places.attested(world, "ASO-30")


def test_aso_31_the_second_site_is_in_alberta_and_another_one(world: World) -> None:
    with NameServer({"backup.example.org": ["127.45.0.9"]}) as server, world.places(two_sites(server.place)):
        places.attested(world, "ASO-31")
        server.names["backup.example.org"] = ["127.0.0.9"]
        places.broken(world, "ASO-31", "Backup leads to 127.0.0.9, outside the announced networks")
        server.names["backup.example.org"] = ["127.45.0.9"]
        places.attested(world, "ASO-31")
    with world.places(two_sites().place("calgary", city="Toronto", province="CA-ON")):
        places.broken(world, "ASO-31", "The site calgary is in CA-ON; the sentence says CA-AB.")
    places.attested(world, "ASO-31")
